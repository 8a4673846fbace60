"""A run of numbers as one line of blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ._root_mean_square import root_mean_square

BLOCKS = "▁▂▃▄▅▆▇█"
"""From nothing at all to the largest of the run."""

DECADES = 4
"""How many powers of ten the blocks above the first span; a fixed number, so that a small change looks small."""

NON_FINITE = "!"


def sparkline(numbers: Sequence[float | None], width: int = 8) -> str:
    """The sizes of `numbers` from first to last in at most `width` blocks, on a logarithmic scale.

    The lowest block is 0 exactly, the highest is the largest number, and each of the six between is two thirds of a
    power of ten. A block stands for the root mean square of its stretch; ``!`` is a stretch with a NaN or an infinity.
    Numbers that are None were not measured and have no place.
    """
    measured = [number for number in numbers if number is not None]
    stretches = [root_mean_square(part) for part in _parts(measured, min(width, len(measured)))]
    largest = max((size for size in stretches if math.isfinite(size)), default=0.0)
    return "".join(_block(size, largest) for size in stretches)


def _parts(numbers: Sequence[float], parts: int) -> list[Sequence[float]]:
    """The numbers cut into `parts` stretches of as equal length as can be."""
    bounds = [round(index * len(numbers) / parts) for index in range(parts + 1)] if parts else [0]
    return [numbers[start:end] for start, end in pairwise(bounds)]


def _block(size: float, largest: float) -> str:
    if not math.isfinite(size):
        return NON_FINITE
    if size == 0:
        return BLOCKS[0]
    fall = math.log10(largest) - math.log10(size)
    below = round(fall / DECADES * (len(BLOCKS) - 2))
    return BLOCKS[max(1, len(BLOCKS) - 1 - below)]
