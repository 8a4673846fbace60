"""One loss call while it is being observed."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor
from torch.autograd.graph import Node

from reluctant.recording import Location, Loss

from ._as_data import as_data
from ._saved_tensor import saved_tensor
from ._value_record import ValueRecord

FIRST_LOSSES = 3
LAST_SHARE = 0.1


@dataclass(slots=True)
class LossRecord:
    """Collects what one loss call compares; `plain` gives the `Loss`."""

    number: int
    kind: str
    handwritten: bool
    place: Location | None
    built: Location | None
    graph: int
    node: int
    scores: int | None
    classes: int | None = None
    options: dict[str, float] = field(default_factory=dict)
    predictions: ValueRecord = field(default_factory=ValueRecord)
    recent: ValueRecord = field(default_factory=ValueRecord)
    closed: ValueRecord = field(default_factory=ValueRecord)
    recent_since: int = 0
    targets: ValueRecord = field(default_factory=ValueRecord)
    values: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    def add(self, step: int, predictions: Tensor | None, targets: Tensor | None, class_axis: int | None) -> None:
        """Add what one call compared."""
        if predictions is not None:
            if step > self.recent_since * 1.3 + 1:
                self.closed, self.recent, self.recent_since = self.recent, ValueRecord(), step
            self.predictions.add(predictions, class_axis)
            self.recent.add(predictions, class_axis)
        if targets is not None:
            same = predictions is None or targets.dim() == predictions.dim()
            self.targets.add(targets, class_axis if same else None)

    def add_value(self, value: float) -> None:
        """Add the value of the whole loss at a measured pass."""
        if len(self.first) < FIRST_LOSSES:
            self.first.append(value)
        self.values.append(value)
        if len(self.values) > 256:
            del self.values[:128]

    def plain(self) -> Loss:
        """The loss as data."""
        last = self.values[-max(1, int(len(self.values) * LAST_SHARE)) :]
        recent = self.recent if self.recent.count else self.closed
        return as_data(
            Loss,
            self,
            id=self.number,
            predictions=self.predictions.plain(),
            recent_predictions=recent.plain(),
            targets=self.targets.plain(),
            first_loss=sum(self.first) / len(self.first) if self.first else None,
            last_loss=sum(last) / len(last) if last else None,
            options=dict(self.options),
        )


def compared_values(kind: str, node: Node) -> tuple[Tensor | None, Tensor | None]:
    """The predictions and the targets that a one-node loss keeps for backward.

    A cross-entropy keeps log-probabilities, not the scores it was given, so it has no predictions here.
    """
    predictions = saved_tensor(node, "self")
    if kind in ("cross_entropy", "linear_cross_entropy"):
        predictions = None
    return predictions, saved_tensor(node, "target")
