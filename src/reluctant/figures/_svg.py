"""The elements of a drawing, the pair of axes around one, and the marks on them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from ._axis import Axis
from ._figure import Band, Dots, Guide, Line, Whiskers
from ._words import translation

WIDTH = 380
"""Of every figure, in its own units: about a phone's pixels, so that letters are never drawn smaller than they are meant to be."""

LETTER = 6.2
"""About the width of a letter of a label."""

POWER = re.compile("(.*10)([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
LEVEL = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")


def canvas(height: float, alt: str) -> Element:
    """An empty drawing."""
    return Element("svg", {"viewBox": f"0 0 {WIDTH} {coordinate(height)}", "class": "panel", "role": "img", "aria-label": alt})


def path(parent: Element, kind: str, d: str) -> Element:
    """A shape, added to the parent."""
    return SubElement(parent, "path", {"class": kind, "d": d})


def coordinate(value: float) -> str:
    """A place in a drawing to a tenth, without zeros that say nothing."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def label(parent: Element, x: float, y: float, text: str, kind: str, anchor: str = "start", room: float = WIDTH) -> Element:
    """A piece of text, added to the parent; what does not fit into the room is left out at its end."""
    made = SubElement(parent, "text", {"class": kind, "x": coordinate(x), "y": coordinate(y)})
    if anchor != "start":
        made.set("text-anchor", anchor)
    most = max(1, int(room / LETTER)) if math.isfinite(room) else len(text)
    made.text = text if len(text) <= most else f"{text[: most - 1]}…"
    if power := POWER.fullmatch(made.text):  # raised by hand: few fonts have all the raised digits
        made.text = power[1]
        SubElement(made, "tspan", {"dy": "-4", "style": "font-size: 75%"}).text = power[2].translate(LEVEL)
    return made


def box(x: float, y: float, width: float, height: float) -> str:
    """The outline of a rectangle."""
    return f"M{coordinate(x)} {coordinate(y)}h{coordinate(width)}v{coordinate(height)}h{coordinate(-width)}z"


@dataclass(frozen=True, slots=True)
class Frame:
    """A pair of axes laid out in a drawing."""

    x: Axis
    y: Axis | None
    left: float
    right: float
    top: float
    bottom: float
    clipped: bool = False
    """Whether the drawing cuts off what lies beyond the axes; else it is drawn at their nearer end."""

    def across(self, value: float) -> float:
        """Where a value of the x axis is drawn."""
        return self.left + (self.right - self.left) * self._share(self.x, value)

    def up(self, value: float) -> float:
        """Where a value of the y axis is drawn."""
        return self.bottom - (self.bottom - self.top) * (self._share(self.y, value) if self.y else 0.0)

    def _share(self, axis: Axis, value: float) -> float:
        return axis.share(value) if self.clipped else min(1.0, max(0.0, axis.share(value)))

    def level(self, y: float) -> str:
        """The course of a line from side to side at a height of the drawing."""
        return f"M{coordinate(self.left)} {coordinate(y)}H{coordinate(self.right)}"

    def upright(self, x: float) -> str:
        """The course of a line from top to bottom."""
        return f"M{coordinate(x)} {coordinate(self.top)}V{coordinate(self.bottom)}"

    def draw(self, svg: Element) -> None:
        """The axes with their ticks, labels and grid."""
        self.draw_across(svg)
        if self.y is None:
            return
        label(svg, 0, self.top - 9, translation(self.y.label), "axis-label")
        for value, name in self.y.ticks(5):
            place = self.up(value)
            path(svg, "grid", self.level(place))
            label(svg, self.left - 6, place + 3.5, translation(name), "tick", "end")

    def draw_across(self, svg: Element) -> None:
        """The x axis alone."""
        path(svg, "axis", self.level(self.bottom))
        label(svg, (self.left + self.right) / 2, self.bottom + 32, translation(self.x.label), "axis-label", "middle")
        edge = -1.0
        for value, name in self.x.ticks(6):
            text = translation(name)
            place, half = self.across(value), LETTER * len(text) / 2
            if place - half < edge:  # it would touch the one before
                continue
            path(svg, "axis", f"M{coordinate(place)} {coordinate(self.bottom)}v4")
            label(svg, min(place, WIDTH - half), self.bottom + 16, text, "tick", "middle")
            edge = place + half + 6

    def describe(self, svg: Element) -> None:
        """Leave with the drawing what a script needs to read values back from its places."""
        axes = [("x", self.x)] + ([("y", self.y)] if self.y else [])
        for name, axis in axes:
            svg.set(f"data-{name}", f"{axis.scale} {axis.low!r} {axis.high!r}")
            svg.set(f"data-{name}-label", translation(axis.label))
        svg.set("data-frame", " ".join(coordinate(place) for place in (self.left, self.right, self.top, self.bottom)))


def line_path(line: Line, frame: Frame) -> str:
    """The course of a curve; empty where all of it is gaps."""
    return "".join(f"M{'L'.join(_point(frame, x, y) for x, y, _ in part)}" for part in _parts(line.xs, line.ys, line.ys))


def band_path(band: Band, frame: Frame) -> str:
    """The outline of a band: there along its lower curve, back along its upper one."""
    outlines = []
    for part in _parts(band.xs, band.low, band.high):
        there = "L".join(_point(frame, x, low) for x, low, _ in part)
        back = "L".join(_point(frame, x, high) for x, _, high in reversed(part))
        outlines.append(f"M{there}L{back}Z")
    return "".join(outlines)


def draw_marks(parent: Element, marks: Sequence[Line | Band | Dots | Whiskers], frame: Frame) -> None:
    """Curves, bands, dots and whiskers, a path each, in their order."""
    for mark in marks:
        if isinstance(mark, Line):
            path(parent, f"line c{mark.colour}{' dashed' if mark.dashed else ''}", line_path(mark, frame))
        elif isinstance(mark, Band):
            path(parent, f"band f{mark.colour}", band_path(mark, frame))
        elif isinstance(mark, Dots):
            points = (f"M{_point(frame, x, y)}h.01" for x, y in zip(mark.xs, mark.ys, strict=True))
            path(parent, f"dots c{mark.colour}", "".join(points)).set("stroke-width", coordinate(mark.size))
        else:
            ends = zip(mark.low, mark.high, mark.ys, strict=True)
            strokes = (f"M{_point(frame, low, y)}H{coordinate(frame.across(high))}" for low, high, y in ends)
            path(parent, f"line c{mark.colour}", "".join(strokes))


def draw_guide(svg: Element, placed: Frame, guide: Guide) -> None:
    """The mark itself and its word: an upright one's above the frame, a level one's on the line."""
    word = translation(guide.label)
    if not guide.upright:
        place = placed.up(guide.at)
        path(svg, "guide", placed.level(place))
        label(svg, placed.left + 4, place - 5, word, "guide-label")  # at the left: a loss begins high
        return
    start = placed.across(guide.at)
    end = start if guide.until is None else placed.across(guide.until)
    if end - start > 1:
        left, right, top, bottom = map(coordinate, (start, end, placed.top, placed.bottom))
        path(svg, "stretch", f"M{left} {top}H{right}V{bottom}H{left}z")
    event = " event" if guide.fault else ""
    path(svg, f"guide{event}", placed.upright(end))
    fits = end + LETTER * len(word) < WIDTH
    label(svg, end if fits else placed.right, placed.top - 6, word, f"guide-label{event}", "start" if fits else "end")


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
    return f"{coordinate(placed.across(x))} {coordinate(placed.up(y))}"
