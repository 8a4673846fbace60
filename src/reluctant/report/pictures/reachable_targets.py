"""What the output can reach, against what the loss asks for."""

from __future__ import annotations

import math
from typing import Any

from reluctant.figures import Drawing, Extent, range_chart
from reluctant.numbers import value
from reluctant.recording import Finding, Loss, Recording, ValueStatistics

from ._picture import Picture, Scene

CATEGORICAL = frozenset({"cross_entropy", "nll_loss"})
"""Losses whose targets name a class: no values that the output should take."""


class ReachableTargets(Picture):
    """The range of the output, the targets, and the predictions that were seen, on one axis."""

    order = 13
    evidence = frozenset({"reachable", "targets", "lower_end", "predictions"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The chart; None where neither targets nor a range are known."""
        loss = _loss_of(finding, scene.recording)
        extents = []
        reachable = _pair(finding.evidence.get("reachable"))
        lower = finding.evidence.get("lower_end")
        if reachable:
            extents.append(Extent("the output can reach", *reachable, allowed=True))
        elif isinstance(lower, (int, float)):
            extents.append(Extent("the output can reach", float(lower), math.inf, allowed=True))
        if loss is not None and loss.targets is not None and loss.kind not in CATEGORICAL:
            extents.append(_extent("targets", loss.targets))
        if loss is not None and loss.predictions is not None:
            extents.append(_extent("predictions that were seen", loss.recent_predictions or loss.predictions))
        if len(extents) < 2:
            return None
        alt = "; ".join(f"{extent.label}: {value(extent.low)} to {value(extent.high)}" for extent in extents) + "."
        return range_chart("Reach and targets", alt, "value", extents)


def _loss_of(finding: Finding, recording: Recording) -> Loss | None:
    """The loss that the finding names, or the only one."""
    kind = finding.evidence.get("loss")
    fitting = [loss for loss in recording.losses if loss.kind == kind] or list(recording.losses)
    return fitting[0] if fitting else None


def _pair(given: Any) -> tuple[float, float] | None:
    if not isinstance(given, (list, tuple)) or len(given) != 2 or not all(isinstance(end, (int, float)) for end in given):
        return None
    return float(given[0]), float(given[1])


def _extent(label: str, values: ValueStatistics) -> Extent:
    most = (values.quantiles[1], values.quantiles[-2]) if len(values.quantiles) == 21 else None
    return Extent(label, values.minimum, values.maximum, most, values.mean)
