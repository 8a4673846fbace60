"""The loss through time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reluctant.figures import Axis, Band, Drawing, Guide, Line, line_chart
from reluctant.numbers import count, magnitude, value
from reluctant.recording import Finding, Graph, LossCurve, LossPoint, Recording

from ._picture import Picture, RecordingView, event_of

MOST_POINTS = 180

FLOORS = ("floor", "floor_mse", "constant_loss")
"""Names in the evidence for a value below which the loss cannot fall."""

LOG_FROM = 50.0
"""From so many times the smallest value on, the axis is logarithmic."""


class LossOverTime(Picture):
    """The values that backward was called on, with the step at which it went wrong and what the loss cannot get below."""

    order = 30
    general = True
    evidence = frozenset({*FLOORS, "loss_growth", "first_non_finite_step", "last_loss", "dead_units", "gradient_ratio", "input_rms"})
    example = Finding("RL401", "", "error", "", layer="fc3", evidence={"floor": 1.461})
    example_alt = "2.3e0 at step 0"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The curve of the loss that the finding's part of the network feeds; None where no loss was seen twice."""
        curve = _curve_of(finding, view.recording)
        if curve is None:
            return None
        guides = (event_of(finding, view.site(finding)), floor_of(finding))
        return loss_curve(curve, view, [guide for guide in guides if guide is not None])


def loss_curve(curve: LossCurve, view: RecordingView, guides: Sequence[Guide] = ()) -> Drawing | None:
    """One curve with its spread; None where it has fewer than two points."""
    points = _fewer([point for point in curve.points if point.mean is not None])
    if len(points) < 2:
        return None
    steps, means = [point.step for point in points], [point.mean for point in points]
    low, high = [point.minimum for point in points], [point.maximum for point in points]
    levels = [guide.at for guide in guides if not guide.upright]
    y = loss_axis([number for series in (means, low, high, levels) for number in series if number is not None])
    finite = [mean for mean in means if mean is not None and math.isfinite(mean)]
    if y is None or not finite:
        return None
    first, lowest, last = (magnitude(number) for number in (finite[0], min(finite), finite[-1]))
    alt = f"{first} at step {count(steps[0])}, {lowest} at its lowest, {last} at step {count(steps[-1])}."
    if curve.first_non_finite_step is not None:
        alt += f" Not finite from step {count(curve.first_non_finite_step)} on."
    spread = [Band(steps, low, high, label="lowest to highest of each stretch")] if low != high else []
    return line_chart("Loss", alt, view.time, y, [Line("mean", steps, means)], spread, guides)


def loss_axis(numbers: Sequence[float], noun: str = "loss") -> Axis | None:
    """An axis for losses, or what else `noun` is: logarithmic where they span much, from 0 where near; None where none is finite."""
    drawn = [number for number in numbers if math.isfinite(number)]
    if not drawn:
        return None
    low, high = min(drawn), max(drawn)
    if low > 0 and high / low > LOG_FROM:
        return Axis(f"{noun}, logarithmic", low / 1.3, high * 1.3, "log")
    margin = 0.06 * (high - low) or max(abs(high) * 0.1, 0.1)
    return Axis(noun, 0.0 if 0 <= low < 0.5 * high else low - margin, high + margin)


def floor_of(finding: Finding) -> Guide | None:
    """The mark of what the loss cannot fall below; None where the evidence names no such value."""
    floor = next((number for name in FLOORS if isinstance(number := finding.evidence.get(name), (int, float))), None)
    if floor is None or not math.isfinite(floor):
        return None
    return Guide(float(floor), f"cannot fall below {value(float(floor))}", upright=False)


def main_curve(recording: Recording) -> LossCurve | None:
    """The curve with the most passes; None where there is none."""
    return max(recording.loss_curves, key=lambda curve: sum(point.passes for point in curve.points), default=None)


def _curve_of(finding: Finding, recording: Recording) -> LossCurve | None:
    graphs = {graph.id for graph in recording.graphs if _holds(graph, finding, recording)}
    own = [curve for curve in recording.loss_curves if curve.graph in graphs]
    return main_curve(Recording(loss_curves=tuple(own))) if own else main_curve(recording)


def _holds(graph: Graph, finding: Finding, recording: Recording) -> bool:
    layers = {layer.id for layer in recording.layers if layer.name == finding.layer}
    return any((node.site is not None and node.site == finding.site) or node.layer in layers for node in graph.nodes)


def _fewer(points: list[LossPoint]) -> list[LossPoint]:
    """Neighbouring points put together until there are at most `MOST_POINTS`."""
    size = math.ceil(len(points) / MOST_POINTS)
    return points if size < 2 else [_together(points[start : start + size]) for start in range(0, len(points), size)]


def _together(points: list[LossPoint]) -> LossPoint:
    passes = sum(point.passes for point in points) or 1
    mean = sum((point.mean or 0.0) * point.passes for point in points) / passes
    low = [point.minimum for point in points if point.minimum is not None]
    high = [point.maximum for point in points if point.maximum is not None]
    return LossPoint(points[len(points) // 2].step, mean, min(low, default=None), max(high, default=None), passes)
