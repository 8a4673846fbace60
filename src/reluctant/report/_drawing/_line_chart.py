"""Curves over an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from reluctant.page import coordinate as number

from ._axis import Axis
from ._drawn import Drawn, Key
from ._svg import LETTER, WIDTH, Frame, canvas, frame, label, path

HEIGHT = 230
MOST_ROWS = 16
"""Rows of the table of numbers."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve through points; None, NaN and infinities are gaps."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float | None]
    colour: int = 1
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """The stretch between a lower and an upper curve."""

    label: str
    xs: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    colour: int = 1


@dataclass(frozen=True, slots=True)
class Guide:
    """A straight line at one value, with a word to it: upright at an x, level at a y."""

    at: float
    label: str
    upright: bool = True
    until: float | None = None
    """The other end of a stretch, for something that happened between two moments."""
    fault: bool = False
    """Whether something went wrong there."""


def line_chart(
    title: str, alt: str, x: Axis, y: Axis, lines: Sequence[Line], bands: Sequence[Band] = (), guides: Sequence[Guide] = ()
) -> Drawn:
    """The curves, with what is marked; the numbers of the curves are in the table."""
    svg = canvas(HEIGHT, f"{title}. {alt}")
    placed = frame(x, y, HEIGHT)
    placed.draw(svg)
    placed.describe(svg)
    for band in bands:
        for part in _parts(band.xs, band.low, band.high):
            there = "L".join(_point(placed, x, high) for x, _, high in part)
            back = "L".join(_point(placed, x, low) for x, low, _ in reversed(part))
            path(svg, f"band f{band.colour}", f"M{there}L{back}z")
    for line in lines:
        d = "".join(f"M{'L'.join(_point(placed, x, y) for x, y, _ in part)}" for part in _parts(line.xs, line.ys, line.ys))
        if d:
            drawn = path(svg, f"line c{line.colour}{' dashed' if line.dashed else ''}", d)
            drawn.set("data-label", line.label)
    for guide in guides:
        draw_guide(svg, placed, guide)
    keys = [Key("dashed" if line.dashed else "line", f"c{line.colour}", line.label) for line in lines]
    keys += [Key("area", f"f{band.colour} band", band.label) for band in bands if band.label]
    return Drawn(title, alt, svg, tuple(keys) if len(keys) > 1 else (), _head(x, lines), _table(lines))


def draw_guide(svg: Element, placed: Frame, guide: Guide) -> None:
    """The mark itself and its word: an upright one's above the frame, a level one's on the line."""
    if not guide.upright:
        place = placed.up(guide.at)
        path(svg, "guide", f"M{number(placed.left)} {number(place)}H{number(placed.right)}")
        label(svg, placed.left + 4, place - 5, guide.label, "guide-label")  # at the left: a loss begins high
        return
    start = placed.across(guide.at)
    end = start if guide.until is None else placed.across(guide.until)
    if end - start > 1:
        path(svg, "stretch", f"M{number(start)} {number(placed.top)}H{number(end)}V{number(placed.bottom)}H{number(start)}z")
    event = " event" if guide.fault else ""
    path(svg, f"guide{event}", f"M{number(end)} {number(placed.top)}V{number(placed.bottom)}")
    fits = end + LETTER * len(guide.label) < WIDTH
    label(svg, end if fits else placed.right, placed.top - 6, guide.label, f"guide-label{event}", "start" if fits else "end")


def _parts(xs: Sequence[float], low: Sequence[float | None], high: Sequence[float | None]) -> list[list[tuple[float, float, float]]]:
    """The stretches between gaps."""
    parts: list[list[tuple[float, float, float]]] = [[]]
    for x, below, above in zip(xs, low, high, strict=True):
        if below is None or above is None or not (math.isfinite(below) and math.isfinite(above)):
            parts.append([])
        else:
            parts[-1].append((x, below, above))
    return [part * 2 if len(part) == 1 else part for part in parts if part]  # a single point is a stroke of no length: a dot


def _point(placed: Frame, x: float, y: float) -> str:
    return f"{number(placed.across(x))} {number(placed.up(y))}"


def _head(x: Axis, lines: Sequence[Line]) -> tuple[str, ...]:
    """What the columns of the table hold."""
    return x.label.partition(",")[0], *(line.label for line in lines)


def _table(lines: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    """A row for some of the x values that any curve has."""
    values: dict[float, list[float | None]] = {}
    for index, line in enumerate(lines):
        for x, y in zip(line.xs, line.ys, strict=True):
            values.setdefault(x, [None] * len(lines))[index] = y
    xs = sorted(values)
    if len(xs) > MOST_ROWS:
        xs = sorted({xs[round(index * (len(xs) - 1) / (MOST_ROWS - 1))] for index in range(MOST_ROWS)})
    return tuple((f"{x:,.6g}", *("–" if y is None else f"{y:.4g}" for y in values[x])) for x in xs)
