"""Functions that stand where activations do, but work along an axis: none of the catalogue, which is of functions of single values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AxisWise:
    """Softmax or log_softmax, with what torch calls it."""

    name: str
    torch_class: str
    torch_nodes: tuple[str, ...]
    """Names of its nodes in autograd's graph."""

    def torch_functions(self) -> Mapping[str, tuple[str, ...]]:
        """Torch's functions and methods that compute it, each with the names of its arguments after the input."""
        return {self.name: ("dim",)}


AXIS_WISE: Mapping[str, AxisWise] = {
    entry.name: entry
    for entry in (
        AxisWise("softmax", "Softmax", ("SoftmaxBackward0", "SafeSoftmaxBackward0")),  # the second is attention's
        AxisWise("log_softmax", "LogSoftmax", ("LogSoftmaxBackward0",)),
    )
}
"""By name."""
