"""The size of several numbers together."""

from __future__ import annotations

import math
from collections.abc import Sequence


def root_mean_square(numbers: Sequence[float]) -> float:
    """Square root of the mean of the squares, without a square that overflows or vanishes; NaN where one number is not finite."""
    if not all(math.isfinite(number) for number in numbers):
        return math.nan
    largest = max((abs(number) for number in numbers), default=0.0)
    return largest * math.sqrt(sum((number / largest) ** 2 for number in numbers) / len(numbers)) if largest else 0.0
