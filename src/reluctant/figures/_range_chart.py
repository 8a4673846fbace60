"""Stretches of numbers below one another on one axis: what is, against what should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ._axis import Axis
from ._drawing import Drawing
from ._figure import Guide
from ._svg import LETTER, WIDTH, Frame, box, canvas, coordinate, draw_guide, label, path

ROW = 44
SYMLOG_FROM = 60.0
"""Where the widest stretch is so many times the narrowest, the axis becomes logarithmic on both sides of 0."""

NARROW_FROM = 25.0
"""Where stretches around 0 are compared, and all of them together are so many times as wide as the narrowest, it does so too."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A named stretch from `low` to `high`, where most of it lies, and its mean; an infinite end goes to the edge."""

    label: str
    low: float
    high: float
    most: tuple[float, float] | None = None
    mean: float | None = None
    allowed: bool = False
    """Whether it is what should be, drawn behind the others over the whole height."""
    points: tuple[float, ...] = ()
    """Single values that it sums up, drawn below it."""
    note: str = ""
    """A word at the end of its row."""
    colour: int = 1


def range_chart(title: str, alt: str, quantity: str, extents: Sequence[Extent], zero: str = "") -> Drawing:
    """Every stretch in a row of its own; what is allowed is a field behind all rows, and `zero` the word at a line at 0."""
    axis = _axis(quantity, extents, around_zero=bool(zero))
    height = 22 + ROW * len(extents)
    logarithmic = axis.scale == "symlog"
    svg = canvas(height + (56 if logarithmic else 42), f"{title}. {alt}")
    placed = Frame(axis, None, 8, WIDTH - 10, 12, height)
    for extent in extents:
        if extent.allowed:
            start, end = placed.across(extent.low), placed.across(extent.high)
            path(svg, "allowed", box(start, placed.top, max(end - start, 2), height - placed.top))
    if zero:
        draw_guide(svg, placed, Guide(0.0, zero))
    for index, extent in enumerate(extents):
        _row(svg, placed, extent, 22 + index * ROW)
    placed.draw_across(svg)
    if logarithmic:
        label(svg, (placed.left + placed.right) / 2, height + 46, "logarithmic on both sides of 0", "axis-label", "middle")
    return Drawing(title, alt, svg)


def _row(svg: Element, placed: Frame, extent: Extent, y: float) -> None:
    label(svg, placed.left, y + 8, extent.label, "mark-label", room=placed.right - placed.left - LETTER * (len(extent.note) + 2))
    label(svg, placed.right, y + 8, extent.note, "tick", "end")
    colour = 3 if extent.allowed else extent.colour
    start, end = placed.across(extent.low), placed.across(extent.high)
    if end - start > 2:
        path(svg, f"line c{colour}", f"M{coordinate(start)} {coordinate(y + 22)}H{coordinate(end)}")
    if extent.most:
        first, last = (placed.across(value) for value in extent.most)
        path(svg, f"column f{colour}", box(first, y + 17, max(last - first, 2), 10))
    if extent.points:
        places = "".join(f"M{coordinate(placed.across(value))} {coordinate(y + 31)}h.01" for value in extent.points)
        dots = path(svg, f"dots single c{colour}", places)
        dots.set("stroke-width", "5")
    if extent.mean is not None:
        path(svg, "mean", f"M{coordinate(placed.across(extent.mean))} {coordinate(y + 14)}v16")


def _axis(quantity: str, extents: Sequence[Extent], around_zero: bool) -> Axis:
    """An axis for all of them, with 0 on it where asked, on which the narrowest stretch can still be seen beside one far away."""
    ends = [end for extent in extents for end in (extent.low, extent.high, *extent.points) if math.isfinite(end)]
    ends += [0.0] * around_zero
    low, high = min(ends), max(ends)
    widths = [extent.high - extent.low for extent in extents if math.isfinite(extent.high - extent.low) and extent.high > extent.low]
    if widths and around_zero and high - low > NARROW_FROM * min(widths):
        unit = 10.0 ** math.floor(math.log10(min(widths)))
    elif widths and not around_zero and max(widths) > SYMLOG_FROM * min(widths):
        unit = 1.0
    else:
        margin = 0.06 * (high - low) or max(abs(high), 1.0)
        return Axis(quantity, low - margin, high + margin)
    start, end = low * (1.6 if low < 0 else 0.5), high * (1.6 if high > 0 else 0.5)
    return Axis(quantity, start, end, "symlog", unit=unit)
