"""What trials showed of treatments, as pictures: paired differences with their intervals, and the curves."""

from __future__ import annotations

from collections.abc import Sequence

from reluctant.figures import Axis, Band, Drawing, Extent, Line, line_chart, range_chart
from reluctant.numbers import plural, value
from reluctant.recording import Comparison, Treatment

from .._safe_text import safe
from ..pictures.loss_curve import loss_axis

INTERVAL = "95\N{NO-BREAK SPACE}% interval"

MOST_CURVES = 2
"""Treatments of one finding whose curves are drawn: the first ones with the best verdict."""

BEST_FIRST = ("verified", "better", "no difference shown", "worse", "inconclusive", "not tried")


def trial_pictures(treatments: Sequence[Treatment]) -> tuple[Drawing, ...]:
    """The differences of all that were tried, then treated against untreated curves of the best."""
    tried = [(treatment, treatment.comparison) for treatment in treatments if treatment.comparison is not None]
    tried.sort(key=lambda pair: BEST_FIRST.index(pair[0].verdict) if pair[0].verdict in BEST_FIRST else len(BEST_FIRST))
    curves = [drawn for treatment, shown in tried if (drawn := _curves(treatment, shown)) is not None]
    differences = _differences(tried)
    return (*((differences,) if differences else ()), *curves[:MOST_CURVES])


def comparison_in_words(shown: Comparison) -> str:
    """The paired difference with its interval, on how many seeds the finding was gone, and what else is to be said."""
    parts = []
    if shown.difference is not None:
        interval = f" (95 % interval {value(shown.low)} to {value(shown.high)})" if shown.low is not None and shown.high is not None else ""
        parts.append(
            f"{_noun(shown).capitalize()} at the end, treated less untreated: {value(shown.difference)}{interval}, "
            f"{plural(shown.seeds, 'pair')} of trials."
        )
    parts.append(f"The finding was gone on {shown.finding_gone:,} of {plural(shown.seeds, 'seed')}.")
    if shown.note:
        parts.append(safe(shown.note))
    return " ".join(parts)


def _differences(tried: Sequence[tuple[Treatment, Comparison]]) -> Drawing | None:
    extents = [
        Extent(safe(str(treatment)), shown.low, shown.high, mean=shown.difference)
        for treatment, shown in tried
        if shown.difference is not None and shown.low is not None and shown.high is not None
    ]
    if not extents:
        return None
    noun = _noun(tried[0][1])
    side = "Above 0 is better" if tried[0][1].goal == "max" else "Below 0 is better"
    alt = "; ".join(f"{extent.label}: {value(extent.mean or 0.0)}, from {value(extent.low)} to {value(extent.high)}" for extent in extents)
    title = f"Treated less untreated {noun}, with {INTERVAL}"
    axis = f"difference of the {noun} at the end; {side.lower()}"
    return range_chart(title, f"{alt}. {side}.", axis, extents, zero="no difference")


def _noun(shown: Comparison) -> str:
    return safe(shown.by)


def _curves(treatment: Treatment, shown: Comparison) -> Drawing | None:
    treated, untreated = shown.treated, shown.untreated
    if treated is None or untreated is None or min(len(treated.steps), len(untreated.steps)) < 2:
        return None
    noun = _noun(shown)
    pairs = (("untreated", untreated, 0), (safe(str(treatment)), treated, 1))
    y = loss_axis([number for _, curve, _ in pairs for numbers in (curve.mean, curve.low, curve.high) for number in numbers], noun)
    if y is None:
        return None
    lines = [Line(name, curve.steps, curve.mean, colour, dashed=not colour) for name, curve, colour in pairs]
    banded = [(curve, colour) for _, curve, colour in pairs if len(curve.low) == len(curve.steps) == len(curve.high)]
    bands = [Band(curve.steps, curve.low, curve.high, colour, INTERVAL if colour else "") for curve, colour in banded]
    x = Axis("step", 0, max(treated.steps[-1], untreated.steps[-1], 1))
    without, treated_loss = value(untreated.mean[-1]), value(treated.mean[-1])
    alt = f"At the end {without} without the treatment, {treated_loss} with it, mean over {plural(shown.seeds, 'seed')}."
    return line_chart(f"{noun.capitalize()} with and without {safe(str(treatment))}", alt, x, y, lines, bands)
