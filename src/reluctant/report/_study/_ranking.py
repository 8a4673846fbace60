"""The table of a study: every arm with what was measured of it, the best first."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from reluctant.numbers import interval, result
from reluctant.studies import UNTREATED, Compared

from .._safe_text import safe
from ._quantity import Quantity

NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that is known of each arm."""

    title: str
    meaning: str
    of: Callable[[Compared], float | None]


def measures_of(quantity: Quantity, found: Sequence[Compared]) -> tuple[Measure, ...]:
    """The columns of the table between the name and the difference. A measure that no arm has is left out."""
    noun = quantity.noun
    measures = (
        Measure(f"end {quantity.short}", f"mean {noun} over the last tenth of the trial", lambda arm: arm.end),
        Measure("area", f"mean {noun} over all of it", lambda arm: arm.area),
        Measure("steps to", f"steps to the {noun} at which the script {UNTREATED} ends", lambda arm: arm.steps_to),
        Measure("kept MB", "millions of bytes that autograd keeps for one backward pass, without the parameters", _kept_megabytes),
        Measure("ms/step", "with the watching and the exchanging, so longer than alone", lambda arm: arm.step_ms),
    )
    return tuple(measure for measure in measures if any(measure.of(arm) is not None for arm in found))


def _kept_megabytes(arm: Compared) -> float | None:
    return None if arm.kept_bytes is None else arm.kept_bytes / 1e6


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
    drawn: bool
    """Whether it was drawn at random, to compare the others with."""

    @property
    def label(self) -> str:
        """The name with that mark, for tables of one line an arm."""
        return marked(self.name, self.drawn)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rows in their order, with what their numbers are."""

    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]


def ranking(found: Sequence[Compared], colours: dict[str, int], quantity: Quantity, drawn: Container[str] = ()) -> Ranking:
    """The arms by where they end, the best first; those without an end last. `drawn` names those that were drawn at random."""
    measures = measures_of(quantity, found)
    return Ranking(measures, tuple(_row(arm, measures, colours.get(arm.arm, 0), arm.arm in drawn) for arm in quantity.ranked(found)))


def _row(arm: Compared, measures: Sequence[Measure], colour: int, drawn: bool) -> Row:
    measured = tuple(result(measure.of(arm)) for measure in measures)
    if arm.arm == UNTREATED or not arm.counted:
        return Row(safe(arm.arm), measured, "", "", "", "" if arm.arm == UNTREATED else NOT_TRIED, arm.counted, colour, drawn)
    level = "" if arm.interval is None else f"{percent_of(arm.level)} %"
    return Row(safe(arm.arm), measured, result(arm.difference.mean), interval(arm.interval), level, arm.answer, arm.counted, colour, drawn)


def marked(name: str, drawn: bool) -> str:
    """The name of an arm, and that it was drawn at random."""
    return f"{name} (random)" if drawn else name


def percent_of(level: float) -> str:
    """How sure an interval is that is tested at `level`: ``95``, ``99.2``."""
    return f"{100 * (1 - level):.3g}"
