"""The losses of one trial over its steps, and the numbers that are read from them."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reluctant.recording import Goal, LossCurve, LossPoint, Recording, TrialCurve

from ._paired import bounded, quantile

Source = Literal["backward", "validation", "metric", "errors"]
"""Kinds of curves, see `reluctant.recording.Curve`."""

END_SHARE = 0.1
"""The loss at the end is the mean over this last share of the points: single batches differ too much."""

MOST_STEPS = 128
"""Points of a curve that is drawn."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What one trial is compared by, over its steps: less is better."""

    steps: tuple[int, ...] = ()
    losses: tuple[float | None, ...] = ()
    """None where it was not finite."""

    def without_end(self) -> Losses:
        """The same with an end that was not finite."""
        return Losses(self.steps, (*self.losses[:-1], None)) if self.losses else self

    @property
    def start(self) -> float:
        """The first finite loss; NaN where there was none."""
        return next((loss for loss in self.losses if loss is not None), math.nan)

    @property
    def end(self) -> float:
        """Mean of the last tenth of the points, infinity where one of them was not finite, NaN where there are none."""
        if not self.losses:
            return math.nan
        last = self.losses[-max(1, round(END_SHARE * len(self.losses))) :]
        return statistics.fmean(math.inf if loss is None else loss for loss in last)

    def area(self, ceiling: float) -> float:
        """Mean loss over the steps, by the trapezoidal rule, each loss at most `ceiling`: the area under the curve for each step."""
        losses = [bounded(math.nan if loss is None else loss, ceiling) for loss in self.losses]
        if len(losses) < 2 or self.steps[-1] == self.steps[0]:
            return losses[0] if losses else math.nan
        pieces = zip(self.steps, self.steps[1:], losses, losses[1:], strict=False)
        total = sum((end - start) * (first + second) / 2 for start, end, first, second in pieces)
        return total / (self.steps[-1] - self.steps[0])

    def steps_to(self, target: float) -> float:
        """The first step from which on the smoothed loss had reached `target` once; infinity where it never did.

        Smoothed over the last tenth of the points up to there, so that one lucky batch does not count.
        """
        width = max(1, round(END_SHARE * len(self.losses)))
        numbers = [math.inf if loss is None else loss for loss in self.losses]
        for index in range(width - 1, len(numbers)):
            if statistics.fmean(numbers[index + 1 - width : index + 1]) <= target:
                return float(self.steps[index])
        return math.inf


def losses_of(recording: Recording, source: Source = "backward") -> Losses:
    """One curve of a run: of each source the first one of its trial, or what it called backward on most often; empty where there is none.

    A metric of which more is better comes negated.
    """
    sign = -1.0 if source == "metric" and recording.trial is not None and recording.trial.goal == "max" else 1.0
    points = _points(recording, source)
    losses = tuple(None if point.non_finite or point.mean is None else sign * point.mean for point in points)
    return Losses(tuple(point.step for point in points), losses)


def _points(recording: Recording, source: Source) -> tuple[LossPoint, ...]:
    curves = recording.trial.curves if recording.trial is not None else ()
    for curve in curves:
        if curve.source == source:
            return curve.points
    if curves or source != "backward":
        return ()
    longest = max(recording.loss_curves, key=lambda curve: sum(point.passes for point in curve.points), default=LossCurve())
    return longest.points


def starting_level(curves: Iterable[Losses]) -> float:
    """The loss that counts as nothing learned: the lower median of the losses that these trials began with; infinity where none is finite.

    Half of the trials began at it or above. It does not ask which arm a trial is of. The lower one of two, because a treatment that
    scales the input begins far below the untreated script, whose losses then say only that it has not come so far.
    """
    starts = [curve.start for curve in curves if math.isfinite(curve.start)]
    return statistics.median_low(starts) if starts else math.inf


def mean_curve(curves: Sequence[Losses], ceiling: float, goal: Goal = "min") -> TrialCurve:
    """The mean of several curves, with a 95 % interval where there are at least three; each loss at most `ceiling`.

    What was negated because more is better comes as the script printed it.

    Its steps are those of the curve with the fewest points, thinned out to at most `MOST_STEPS`.
    """
    drawn = [curve for curve in curves if curve.steps]
    if not drawn or not math.isfinite(ceiling):
        return TrialCurve()
    fewest = min(drawn, key=lambda curve: len(curve.steps)).steps
    steps = fewest[:: -(-len(fewest) // MOST_STEPS)]
    means, lows, highs = [], [], []
    sign = -1.0 if goal == "max" else 1.0
    for step in steps:
        losses = [sign * bounded(_at(curve, step), ceiling) for curve in drawn]
        mean, reach = statistics.fmean(losses), _reach(losses)
        means.append(mean)
        lows.append(mean - reach)
        highs.append(mean + reach)
    return TrialCurve(steps, tuple(means), tuple(lows), tuple(highs)) if len(drawn) > 2 else TrialCurve(steps, tuple(means))


def _at(curve: Losses, step: int) -> float:
    """The last loss up to a step, or the first one."""
    loss = curve.losses[max(0, bisect_right(curve.steps, step) - 1)]
    return math.nan if loss is None else loss


def _reach(losses: Sequence[float]) -> float:
    if len(losses) < 3:
        return 0.0
    return quantile(len(losses)) * statistics.stdev(losses) / math.sqrt(len(losses))
