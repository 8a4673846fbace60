"""The table of a study: every arm with what was measured of it, the least loss first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reluctant.studies import UNTREATED, Compared

from .._safe_text import safe
from ._number import interval, number

NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that is known of each arm."""

    title: str
    meaning: str
    of: Callable[[Compared], float | None]


MEASURES = (
    Measure("end loss", "mean loss over the last tenth of the trial", lambda arm: arm.end),
    Measure("area", "mean loss over all of it", lambda arm: arm.area),
    Measure("steps to", f"steps to the loss at which the script {UNTREATED} ends", lambda arm: arm.steps_to),
    Measure("ms/step", "with the watching and the exchanging, so longer than alone", lambda arm: arm.step_ms),
)
"""The columns of the table between the name and the difference. A measure that no arm has is left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One arm, every part as text that is safe to show."""

    name: str
    measured: tuple[str, ...]
    """In the order of the ranking's measures."""
    difference: str
    """Mean paired difference; empty for the script as it stands."""
    interval: str
    level: str
    """Of the interval, in percent; empty where there is none."""
    answer: str
    """What was shown; empty for the script as it stands."""
    counted: int
    colour: int
    """Of its curve; 0 is the script as it stands, and what has no curve."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rows in their order, with what their numbers are."""

    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]


def ranking(found: Sequence[Compared], colours: dict[str, int]) -> Ranking:
    """The arms by their loss at the end, the least first; those without one last."""
    measures = tuple(measure for measure in MEASURES if any(measure.of(arm) is not None for arm in found))
    return Ranking(measures, tuple(_row(arm, measures, colours.get(arm.arm, 0)) for arm in ranked(found)))


def ranked(found: Sequence[Compared]) -> list[Compared]:
    """The arms in the order of the table."""
    return sorted(found, key=lambda arm: math.inf if arm.end is None else arm.end)


def _row(arm: Compared, measures: Sequence[Measure], colour: int) -> Row:
    measured = tuple(number(measure.of(arm)) for measure in measures)
    if arm.arm == UNTREATED or not arm.counted:
        return Row(safe(arm.arm), measured, "", "", "", "" if arm.arm == UNTREATED else NOT_TRIED, arm.counted, colour)
    level = "" if arm.interval is None else f"{percent_of(arm.level)} %"
    return Row(safe(arm.arm), measured, number(arm.difference.mean), interval(arm.interval), level, arm.answer, arm.counted, colour)


def percent_of(level: float) -> str:
    """How sure an interval is that is tested at `level`: ``95``, ``99.2``."""
    return f"{100 * (1 - level):.3g}"
