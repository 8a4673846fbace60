"""Axes: where a value stands, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reluctant.page import round_values

Kind = Literal["linear", "log", "log1p", "symlog"]
"""``log1p``: logarithm of 1 + value, for steps counted from 0. ``symlog``: the same on both sides of 0, for values of any sign."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers and how it is laid out."""

    label: str
    low: float
    high: float
    kind: Kind = "linear"
    unit: float = 1.0
    """The size at which ``symlog`` turns from nearly straight to logarithmic, a power of ten."""

    def share(self, value: float) -> float:
        """Where the value stands: 0 at `low`, 1 at `high`; beyond them at the nearer end."""
        low, high = self._place(self.low), self._place(self.high)
        return min(1.0, max(0.0, (self._place(value) - low) / (high - low)))

    def ticks(self, most: int) -> tuple[tuple[float, str], ...]:
        """Up to `most` round values within the axis, each with how it is written."""
        found = self._powers(most) if self.kind != "linear" else ()
        if len(found) < 2:  # less than two powers of ten: the logarithm is nearly straight here
            found = round_values(self.low, self.high, most)
        return found

    def _place(self, value: float) -> float:
        if self.kind == "log":
            return math.log10(max(value, self.low))
        if self.kind == "log1p":
            return math.log1p(max(value, 0.0))
        if self.kind == "symlog":
            return math.copysign(math.log1p(abs(value) / self.unit), value)
        return value

    def _powers(self, most: int) -> tuple[tuple[float, str], ...]:
        lowest = math.floor(math.log10(self.low)) if self.kind == "log" else round(math.log10(self.unit))
        candidates = self._inside(-(10.0**power) for power in range(18, lowest - 1, -1)) if self.kind == "symlog" else []
        if self.kind != "log":
            candidates += self._inside([0.0])
        highest = math.floor(math.log10(max(self.high, 1e-300)) + 1e-9)
        candidates += self._inside(10.0**power for power in range(lowest, highest + 1))
        every = max(1, math.ceil(len(candidates) / most))
        offset = next((index for index, value in enumerate(candidates) if value in (0.0, 1.0)), 0) % every
        return tuple((value, power_of_ten(value)) for value in candidates[offset::every])

    def _inside(self, values: Iterable[float]) -> list[float]:
        return [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9) or value == self.low]


def time_axis(steps: int, early: int | None = None) -> Axis:
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
    return f"{sign}10{str(power).translate(SUPERSCRIPTS)}"
