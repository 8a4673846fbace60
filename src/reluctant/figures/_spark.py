"""Curves the size of a word, drawn or written in letters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ._axis import Axis
from ._figure import Cells
from ._svg import coordinate, path

WIDTH, HEIGHT = 96, 22
DECADES = 4
"""Powers of ten from top to bottom: a fixed number, so that a small change looks small."""

BLOCKS = "▁▂▃▄▅▆▇█"
"""From nothing at all to the largest of the run."""

NON_FINITE = "!"


def spark(xs: Sequence[float], sizes: Sequence[float | None], alt: str) -> str:
    """The sizes on a logarithmic scale from the largest down; exactly 0 is a mark at the bottom, NaN and infinities one at the top."""
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "spark", "role": "img", "aria-label": alt})
    measured = [(x, size) for x, size in zip(xs, sizes, strict=True) if size is not None]
    largest = max((size for _, size in measured if math.isfinite(size)), default=0.0)
    span = max(xs[-1] - xs[0], 1e-9) if xs else 1.0
    curve, zero, broken, drawing = [], [], [], False
    for x, size in measured:
        across = 1 + (WIDTH - 2) * (x - xs[0]) / span
        if not math.isfinite(size):
            broken.append(f"M{coordinate(across)} 2v5")
        elif size <= 0:
            zero.append(f"M{coordinate(across)} {HEIGHT - 2}v-5")
        else:
            depth = min(1.0, (math.log10(largest) - math.log10(size)) / DECADES)
            curve.append(f"{'L' if drawing else 'M'}{coordinate(across)} {coordinate(3 + depth * (HEIGHT - 8))}")
        drawing = math.isfinite(size) and size > 0
    for kind, strokes in (("line c1", curve), ("zero", zero), ("broken", broken)):
        if strokes:
            path(svg, kind, "".join(strokes))
    return ElementTree.tostring(svg, encoding="unicode")


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


def blocks(axis: Axis, ys: Sequence[float | None], most: int) -> str:
    """Values of an axis in at most so many blocks, at even distances, the first and the last among them; a gap is a space."""
    some = ys if len(ys) <= most else [ys[round(index * (len(ys) - 1) / (most - 1))] for index in range(most)]
    return "".join(" " if y is None else BLOCKS[min(max(int(axis.share(y) * len(BLOCKS)), 0), len(BLOCKS) - 1)] for y in some)


def half_blocks(cells: Cells) -> list[str]:
    """The cells that are on, two rows of them in a line of letters: of the second class in a field, alive in a map of life."""
    on = "56789" if cells.scheme == "field" else "1"
    rows = [*cells.rows, "0" * len(cells.rows[0])] if len(cells.rows) % 2 else list(cells.rows)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(" ▀▄█"[(a in on) + 2 * (b in on)] for a, b in zip(upper, lower, strict=True)) for upper, lower in pairs]


def root_mean_square(numbers: Sequence[float]) -> float:
    """Square root of the mean of the squares, without a square that overflows or vanishes; NaN where one number is not finite."""
    if not all(math.isfinite(number) for number in numbers):
        return math.nan
    largest = max((abs(number) for number in numbers), default=0.0)
    return largest * math.sqrt(sum((number / largest) ** 2 for number in numbers) / len(numbers)) if largest else 0.0
