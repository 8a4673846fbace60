"""How a loss went over a run, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from ._location import Location


@dataclass(frozen=True, slots=True)
class LossPoint:
    """The value backward was called on, over a stretch of passes."""

    step: int
    mean: float | None
    """Mean of the finite values; None where there was none."""
    minimum: float | None
    maximum: float | None
    passes: int = 1
    non_finite: int = 0


@dataclass(frozen=True, slots=True)
class LossCurve:
    """The values one line of the user's code called backward on, decimated to at most 512 points."""

    root: Location | None = None
    graph: int | None = None
    points: tuple[LossPoint, ...] = ()
    first_non_finite_step: int | None = None
