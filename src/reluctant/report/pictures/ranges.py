"""Measured values against what they should be, on one axis."""

from __future__ import annotations

import math
from typing import Any

from reluctant.figures import Drawing, Extent, range_chart
from reluctant.numbers import value
from reluctant.recording import Finding, Loss, Recording, ValueStatistics

from .._safe_text import safe
from ._picture import Picture, RecordingView


class AllowedRange(Picture):
    """The number that the evidence gives first, and the stretch from its ``lowest`` to its ``highest`` allowed value."""

    order = 16
    evidence = frozenset({"lowest", "highest"})
    example = Finding("RL503", "", "error", "", layer="fc1", evidence={"variance": 3.0, "lowest": 0.5, "highest": 2.0})
    example_alt = "variance: 3 measured, 0.5 to 2 asked for."

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The chart; None where the evidence holds no such range or no number."""
        ends = [finding.evidence.get(name) for name in ("lowest", "highest")]
        name, seen = next(iter(finding.evidence.items()), ("", None))
        if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in (*ends, seen)):
            return None
        low, high, measured = float(ends[0]), float(ends[1]), float(seen)  # type: ignore[arg-type]
        words = safe(name).replace("_", " ")
        extents = [Extent("should be", low, high, allowed=True), Extent("measured", measured, measured, mean=measured)]
        alt = f"{words}: {value(measured)} measured, {value(low)} to {value(high)} asked for."
        return range_chart(words.capitalize(), alt, words, extents)


class InputRange(Picture):
    """The values that enter a layer from the data, beside values of mean 0 and standard deviation 1."""

    order = 18
    evidence = frozenset({"input_rms", "input_minimum"})
    example = Finding("RL304", "", "error", "", layer="fc1", evidence={"input_rms": 500.0})
    example_alt = "Values from -4,000 to 3,600"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The chart; None where nothing is known of what enters the layer."""
        seen = next((layer.input for layer in view.recording.layers if layer.input is not None and layer.name == finding.layer), None)
        if seen is None:
            return None
        extents = [
            Extent("initialisation expects about", -3.0, 3.0, (-1.0, 1.0), 0.0, allowed=True),
            Extent("what enters", seen.minimum, seen.maximum, (seen.mean - seen.std, seen.mean + seen.std), seen.mean),
        ]
        alt = (
            f"Values from {value(seen.minimum)} to {value(seen.maximum)}, mean {value(seen.mean)}, standard deviation {value(seen.std)}; "
            "expected are a mean of 0 and a standard deviation of 1."
        )
        return range_chart("What enters the network", alt, "value", extents)


CATEGORICAL = frozenset({"cross_entropy", "nll_loss"})
"""Losses whose targets name a class: no values that the output should take."""


class ReachableTargets(Picture):
    """The range of the output, the targets, and the predictions that were seen, on one axis."""

    order = 13
    evidence = frozenset({"reachable", "targets", "lower_end", "predictions"})
    example = Finding("RL404", "", "error", "", layer="fc3", evidence={"reachable": [-1.0, 1.0]})
    example_alt = "the output can reach: -1 to 1; targets: -2 to 22"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The chart; None where neither targets nor a range are known."""
        loss = _loss_of(finding, view.recording)
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
