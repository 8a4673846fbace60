"""Sizes by row through time, as a map of colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from xml.etree.ElementTree import Element, SubElement

from ._axis import Axis, power_of_ten
from ._drawing import Drawing
from ._figure import Guide
from ._svg import LETTER, WIDTH, Frame, box, canvas, draw_guide, label, path

ROW, TALLEST, LOWEST = 15, 260, 180
LEVELS = 9
"""Colours between the smallest and the largest size."""

LONGEST_NAME = 16
"""Letters of a row's name; where it is longer its end is shown, since names differ at their ends."""

ZERO, NON_FINITE = "d0", "dn"


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Rows of sizes at the same moments."""

    names: Sequence[str]
    moments: Sequence[float]
    rows: Sequence[Sequence[float | None]]
    """A size for each moment; None where it was not measured."""


def heat_map(title: str, alt: str, x: Axis, data: HeatMap, quantity: str, guides: Sequence[Guide] = ()) -> Drawing:
    """The map, its scale from the largest size down to at most 12 powers of ten below it; exactly 0 and NaN have colours of their own."""
    sizes = [abs(size) for row in data.rows for size in row if size is not None and math.isfinite(size) and size != 0]
    high = math.log10(max(sizes, default=1.0))
    low = max(math.log10(min(sizes, default=1.0)), high - 12)
    height = max(3.0, min(max(ROW, LOWEST / len(data.rows)), TALLEST / len(data.rows), 44.0))
    top = 24 if guides else 6
    bottom = top + height * len(data.rows)
    svg = canvas(bottom + 86, f"{title}. {alt}")
    names = [name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}" for name in data.names]
    placed = Frame(x, None, 12 + LETTER * max(map(len, names)), WIDTH - 8, top, bottom)
    group = SubElement(svg, "g", {"class": "size"})
    edges = _edges(placed, data.moments)
    for index, row in enumerate(data.rows):
        _row(group, [_level(size, low, high) for size in row], edges, top + index * height, height)
    every = math.ceil(11 / height)
    for index in range(0, len(names), every):
        label(svg, placed.left - 6, top + (index + 0.5) * height + 3.5, names[index], "tick", "end")
    over = SubElement(svg, "g", {"class": "over"})
    for guide in guides:
        draw_guide(over, placed, guide)
    placed.draw_across(svg)
    _scale(svg, low, high, bottom + 52, quantity, [size for row in data.rows for size in row])
    return Drawing(title, alt, svg)


def _edges(placed: Frame, moments: Sequence[float]) -> list[float]:
    """Where the cells of neighbouring moments meet."""
    places = [placed.across(moment) for moment in moments]
    return [placed.left, *((first + second) / 2 for first, second in pairwise(places)), placed.right]


def _row(group: Element, levels: list[str], edges: list[float], y: float, height: float) -> None:
    """Neighbouring cells of one colour are one shape."""
    gap = 1 if height >= 6 else 0
    for level, run in groupby(range(len(levels)), key=levels.__getitem__):
        cells = list(run)
        if level:
            path(group, level, box(edges[cells[0]], y, edges[cells[-1] + 1] - edges[cells[0]], height - gap))


def _level(size: float | None, low: float, high: float) -> str:
    if size is None:
        return ""
    if not math.isfinite(size):
        return NON_FINITE
    if size == 0:
        return ZERO
    share = (math.log10(abs(size)) - low) / (high - low) if high > low else 1.0
    return f"d{1 + min(LEVELS - 1, max(0, math.floor(share * LEVELS)))}"


def _scale(svg: Element, low: float, high: float, y: float, quantity: str, sizes: Sequence[float | None]) -> None:
    """What the colours mean: the smallest and the largest size, and those that have no place on the scale."""
    group = SubElement(svg, "g", {"class": "size"})
    place = 0.0
    label(svg, 0, y + 25, quantity, "axis-label")
    levels = {_level(size, low, high) for size in sizes}
    for level, words, room in ((ZERO, "exactly 0", 82), (NON_FINITE, "NaN or Inf", 90)):
        if level in levels:
            path(group, level, box(place, y, 14, 10))
            label(svg, place + 19, y + 9, words, "tick")
            place += room
    first, last = _written(low), _written(high)
    label(svg, place, y + 9, first, "tick")
    place += LETTER * len(first) + 5
    for index in range(LEVELS):
        path(group, f"d{index + 1}", box(place + index * 9, y, 9, 10))
    label(svg, place + LEVELS * 9 + 5, y + 9, last, "tick")


def _written(power: float) -> str:
    digit, _, exponent = f"{10**power:.0e}".partition("e")
    if -4 <= int(exponent) < 6:
        return f"{float(f'{10**power:.1g}'):,g}"
    return power_of_ten(10.0 ** int(exponent)) if digit == "1" else f"{digit}·{power_of_ten(10.0 ** int(exponent))}"
