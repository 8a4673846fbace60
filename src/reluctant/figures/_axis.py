"""Axes: where a value stands, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ._words import Words

Scale = Literal["linear", "log", "log1p", "symlog"]
"""How values are laid out. ``log1p``: the logarithm of 1 + value, for steps counted from 0. ``symlog``: the same on both sides of 0."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers and how it is laid out."""

    label: Words
    low: float
    high: float
    scale: Scale = "linear"
    names: tuple[tuple[float, Words], ...] = ()
    """Where to write what; empty for numbers at round places."""
    unit: float = 1.0
    """The size at which ``symlog`` turns from nearly straight to logarithmic, a power of ten."""

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at `low`, 1 at `high`. On a logarithmic one 0 lies far outside."""
        low, high = self._place(self.low), self._place(self.high)
        return (self._place(value) - low) / (high - low)

    def ticks(self, most: int) -> Sequence[tuple[float, Words]]:
        """What is written where: the axis's own names, or up to `most` round values within it."""
        if self.names:
            return self.names
        found = self._powers(most) if self.scale != "linear" else ()
        if len(found) < 2:  # less than two powers of ten: the logarithm is nearly straight here
            found = round_values(self.low, self.high, most)
        return found

    def _place(self, value: float) -> float:
        if self.scale == "log":
            return math.log10(max(value, SMALLEST))
        if self.scale == "log1p":
            return math.log1p(max(value, 0.0))
        if self.scale == "symlog":
            return math.copysign(math.log1p(abs(value) / self.unit), value)
        return value

    def _powers(self, most: int) -> tuple[tuple[float, str], ...]:
        lowest = math.floor(math.log10(self.low)) if self.scale == "log" else round(math.log10(self.unit))
        candidates = self._inside(-(10.0**power) for power in range(18, lowest - 1, -1)) if self.scale == "symlog" else []
        if self.scale != "log":
            candidates += self._inside([0.0])
        highest = math.floor(math.log10(max(self.high, 1e-300)) + 1e-9)
        candidates += self._inside(10.0**power for power in range(lowest, highest + 1))
        every = max(1, math.ceil(len(candidates) / most))
        anchors = (value in (0.0, 1.0) for value in candidates)
        offset = next((index for index, anchor in enumerate(anchors) if anchor), 0) % every
        return tuple((value, power_of_ten(value)) for value in candidates[offset::every])

    def _inside(self, values: Iterable[float]) -> list[float]:
        return [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9) or value == self.low]


def time_axis(steps: int, early: float | None = None) -> Axis:
    """The steps of a run from first to last; on a logarithmic scale where something happened `early`, in its first tenth."""
    last = max(steps - 1, 1)
    logarithmic = early is not None and last >= 50 and early < last / 10
    return Axis("step, logarithmic" if logarithmic else "step", 0, last, "log1p" if logarithmic else "linear")


def power_of_ten(value: float) -> str:
    """A power of ten of an axis, or 0."""
    if value == 0:
        return "0"
    power = round(math.log10(abs(value)))
    sign = "−" if value < 0 else ""
    if -3 <= power <= 4:
        return sign + (f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}")
    return f"{sign}10{str(power).translate(RAISED)}"


def round_values(low: float, high: float, most: int) -> tuple[tuple[float, str], ...]:
    """Up to `most` + 1 round values from `low` to `high`, equally far apart, each with how it is written; none without a length."""
    span = high - low
    if not 0 < span < math.inf:
        return ()
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(size * factor for factor in ROUND_STEPS if span / (size * factor) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = next(places for places in range(16) if math.isclose(round(step, places), step, rel_tol=1e-9))
    return tuple((index * step, _with_places(index * step, places)) for index in range(first, last + 1))


def _with_places(number: float, places: int) -> str:
    """A number of an axis, all of which have as many decimals."""
    return f"{number:,.{places}f}".replace("-", "−") if round(number, places) else "0"
