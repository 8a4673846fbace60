"""What a study showed, as pictures: the differences around 0 with their intervals, and the mean loss curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reluctant.figures import Axis, Band, Drawing, Extent, Line, line_chart, range_chart
from reluctant.numbers import interval, plural, result
from reluctant.recording import TrialCurve
from reluctant.studies import UNTREATED, Compared, Study, mean_curve, starting_level

from ..pictures.loss_curve import loss_axis
from ._outline import StudyOutline, percent_of

INTERVAL = "95\N{NO-BREAK SPACE}% interval of the mean"

MOST_BANDS = 4
"""Where more curves have an interval, their bands would hide one another, and only that of the best and of the script are drawn."""


def study_pictures(study: Study, outline: StudyOutline) -> tuple[Drawing, ...]:
    """The differences, then the curves; what there is nothing to draw of is left out."""
    return tuple(drawn for drawn in (differences(outline), curves(study, outline)) if drawn is not None)


def differences(outline: StudyOutline) -> Drawing | None:
    """A row for each arm: its interval, its mean, and a point for each seed, around a line at 0."""
    quantity = outline.quantity
    arms = [arm for arm in quantity.ranked(outline.found) if arm.difference.mean is not None]
    if not arms:
        return None
    title = f"End {quantity.noun} less that of the script {UNTREATED}, seed by seed"
    axis = f"difference of the end {quantity.noun}; {quantity.side}"
    drawn = range_chart(title, _alternative(arms, outline), axis, [_extent(arm, outline) for arm in arms], zero="no difference")
    return Drawing(title, drawn.alt, drawn.svg, head=HEAD, rows=tuple(_numbers(arm, outline) for arm in arms))


HEAD = ("arm", "mean", "interval", "level of the interval", "differences by seed", "shown")


def curves(study: Study, outline: StudyOutline) -> Drawing | None:
    """The mean loss, or metric, of the script as it stands and of the best arms over the steps."""
    ceiling = starting_level(result.losses for result in study.results if result.counts)
    names, goal, noun = [UNTREATED, *outline.colours], outline.quantity.goal, outline.quantity.noun
    made = {name: mean_curve([result.losses for result in study.of(name).values() if result.counts], ceiling, goal) for name in names}
    drawn = {name: curve for name, curve in made.items() if len(curve.steps) > 1}
    y = loss_axis([loss for curve in drawn.values() for losses in (curve.mean, curve.low, curve.high) for loss in losses], noun)
    if y is None or not drawn:
        return None
    x = Axis("step", 0, max(curve.steps[-1] for curve in drawn.values()))
    lines = [
        Line(outline.label(name), curve.steps, curve.mean, outline.colours.get(name, 0), name == UNTREATED) for name, curve in drawn.items()
    ]
    seeds = plural(max(len(study.of(name)) for name in drawn), "seed")
    ends = "; ".join(f"{outline.label(name)} {result(curve.mean[-1])}" for name, curve in drawn.items())
    left = sum(arm.counted > 0 for arm in outline.found) - len(drawn)
    more = f" {plural(left, 'arm')} that ended {outline.quantity.worse} are not drawn." if left > 0 else ""
    return line_chart(f"Mean {noun} over {seeds}", f"At the last step: {ends}.{more}", x, y, lines, list(_bands(drawn, outline.colours)))


def _bands(drawn: dict[str, TrialCurve], colours: dict[str, int]) -> list[Band]:
    names = list(drawn) if len(drawn) <= MOST_BANDS else list(drawn)[:2]
    with_interval = [name for name in names if len(drawn[name].low) == len(drawn[name].steps)]
    return [
        Band(curve.steps, curve.low, curve.high, colours.get(name, 0), INTERVAL if name == with_interval[-1] else "")
        for name, curve in ((name, drawn[name]) for name in with_interval)
    ]


def _extent(arm: Compared, outline: StudyOutline) -> Extent:
    mean = arm.difference.mean or 0.0
    low, high = arm.interval or (mean, mean)
    colour = outline.colours.get(arm.arm, 0)
    return Extent(outline.label(arm.arm), low, high, mean=mean, points=_points(arm), note=arm.answer, colour=colour)


def _points(arm: Compared) -> tuple[float, ...]:
    """The seeds on the scale of their mean and its interval: where ratios were compared, what each makes at the typical loss."""
    difference = arm.difference
    return tuple(difference.base * math.expm1(ratio) for ratio in difference.ratios) or difference.differences


def _alternative(arms: Sequence[Compared], outline: StudyOutline) -> str:
    texts = [f"{outline.label(arm.arm)}: {result(arm.difference.mean)}{_between(arm)}, {arm.answer}" for arm in arms]
    return f"{'; '.join(texts)}. {outline.quantity.side.capitalize()}."


def _between(arm: Compared) -> str:
    return f", from {interval(arm.interval)}" if arm.interval is not None else ""


def _numbers(arm: Compared, outline: StudyOutline) -> tuple[str, ...]:
    level = f"{percent_of(arm.level)} %" if arm.interval is not None else ""
    by_seed = ", ".join(map(result, _points(arm)))
    return outline.label(arm.arm), result(arm.difference.mean), interval(arm.interval), level, by_seed, arm.answer
