"""Round places on an axis."""

from __future__ import annotations

import math

from ._figure import Axis

ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(axis: Axis, most: int) -> list[tuple[float, str]]:
    """Up to `most` round values of the axis with how they are written; powers of ten, as ``10^−4``, on a logarithmic one."""
    return _powers(axis, most) if axis.log else _multiples(axis, most)


def _multiples(axis: Axis, most: int) -> list[tuple[float, str]]:
    span = axis.high - axis.low
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(size * factor for factor in ROUND_STEPS if span / (size * factor) <= most)
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if round(step / size, 6) == 2.5 else 0))
    return [(index * step, _written(index * step, places)) for index in range(first, last + 1)]


def _written(number: float, places: int) -> str:
    return f"{number:,.{places}f}".replace("-", "−") if round(number, places) else "0"


def _powers(axis: Axis, most: int) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(axis.low) - 1e-9), math.floor(math.log10(axis.high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / most))
    return [(10.0**power, _power(power)) for power in range(first, last + 1) if power % every == 0]


def _power(power: int) -> str:
    if -3 < power < 5:
        return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
    return f"10^{power}".replace("-", "−")
