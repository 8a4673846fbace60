"""Round places on an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reluctant.page import round_values

from ._figure import Axis


def ticks(axis: Axis, most: int) -> Sequence[tuple[float, str]]:
    """Up to `most` round values of the axis with how they are written; powers of ten, as ``10^−4``, on a logarithmic one."""
    return _powers(axis, most) if axis.log else round_values(axis.low, axis.high, most)


def _powers(axis: Axis, most: int) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(axis.low) - 1e-9), math.floor(math.log10(axis.high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / most))
    return [(10.0**power, _power(power)) for power in range(first, last + 1) if power % every == 0]


def _power(power: int) -> str:
    if -3 < power < 5:
        return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
    return f"10^{power}".replace("-", "−")
