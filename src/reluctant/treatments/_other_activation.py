"""An activation that takes the place of another one, or is put where there was none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.activations import Activation, Gated, find, get
from reluctant.errors import UsageError

from ._scene import Call

if TYPE_CHECKING:
    from torch import Tensor

AXIS_WISE = frozenset({"softmax", "log_softmax"})
"""Functions that work along an axis: no activations of the catalogue, but found in the same place."""


@dataclass(frozen=True, slots=True)
class OtherActivation:
    """What to compute: an activation of the catalogue, or softmax or log_softmax."""

    name: str
    spelling: str
    activation: Activation | None = None

    @property
    def parameters(self) -> Mapping[str, float | str]:
        """Its parameters by name."""
        return self.activation.parameters if self.activation is not None else {}

    def is_computed_by(self, call: Call) -> bool:
        """Whether the call computes just that already."""
        if self.activation is None:
            return call.operation == self.name
        return called_activation(call) == self.activation

    def function(self) -> Callable[[Call], Tensor]:
        """The function of a call's input. Imports torch."""
        import torch

        if self.activation is None:
            along: Callable[..., Tensor] = getattr(torch.nn.functional, self.name)
            return lambda call: along(call.input, dim=call.options["dim"] if call.options.get("dim") is not None else -1)
        module = _module(self.activation)
        return lambda call: module(call.input)


def called_activation(call: Call) -> Activation | None:
    """The activation that a call computes, with its arguments; None where the catalogue has none."""
    return find(call.operation, {name: value for name, value in call.options.items() if type(value) in (int, float, str)})


def activation_named(spelling: str, where: str) -> OtherActivation:
    """What `spelling` names. Raises `UsageError` where it cannot be computed from an input alone."""
    if not spelling:
        raise UsageError("an activation is missing", where=where, advice="Write its name after a colon, as in swap-activation:leaky_relu")
    if spelling in AXIS_WISE:
        return OtherActivation(spelling, spelling)
    activation = get(spelling)
    needs = "two inputs" if isinstance(activation, Gated) else "learned" if activation.learned else "drawn" if activation.drawn else ""
    if needs:
        what = f"needs {needs}" if needs == "two inputs" else f"has {needs} values"
        raise UsageError(f"{activation.name} {what}, which nothing in the script holds", where=where, advice="Choose another activation")
    return OtherActivation(activation.name, activation.spelling, activation)


def _module(activation: Activation) -> Callable[[Tensor], Tensor]:
    """Torch's own module where it has one: what is proved must not hang on our kernels."""
    import torch

    from reluctant.nn import MODULES

    kind = getattr(torch.nn, activation.torch_class) if activation.torch_class else MODULES[type(activation).__name__]
    return kind(**activation.parameters)
