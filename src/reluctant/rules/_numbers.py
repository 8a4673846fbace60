"""Numbers as the messages of rules write them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def count(number: int) -> str:
    """A whole number with thousands separated: ``12,800``."""
    return f"{number:,}"


def share(value: float) -> str:
    """A share from 0 to 1 in per cent, precise enough to tell a rare thing from none: ``83 %``, ``0.02 %``."""
    percent = 100 * value
    if percent in (0, 100) or 1 <= percent <= 99:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent > 99 else f"{percent:.1g} %"


def size(value: float) -> str:
    """A number to two significant digits: ``0.023``, ``1,500``, ``2.5e-10``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.2g}")
    if 1e-3 <= abs(rounded) < 1e6:
        return f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:g}"
    return f"{rounded:.1e}"


def rms(values: Sequence[float]) -> float:
    """Root mean square; 0 of nothing."""
    return math.sqrt(sum(value * value for value in values) / len(values)) if values else 0.0
