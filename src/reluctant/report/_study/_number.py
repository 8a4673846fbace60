"""Numbers of a study: to the three digits that a few seeds tell."""

from __future__ import annotations

import math

from .._numbers import NOTHING, value


def number(measured: float | None) -> str:
    """A loss, a step or a time; ``never`` for what was not reached."""
    if measured is None or math.isnan(measured):
        return NOTHING
    return "never" if math.isinf(measured) else value(float(f"{measured:.3g}"))


def interval(ends: tuple[float, float] | None) -> str:
    """The two ends of an interval: ``-0.41 to -0.29``; empty where there is none."""
    return "" if ends is None else f"{number(ends[0])} to {number(ends[1])}"
