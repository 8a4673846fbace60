"""Elements of a drawing, and the pair of axes around one."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from reluctant.page import coordinate as number

from ._axis import Axis

WIDTH = 380
"""Of every figure, in its own units: about a phone's pixels, so that letters are never drawn smaller than they are meant to be."""

LETTER = 6.2
"""About the width of a letter of a label."""


def canvas(height: float, alt: str) -> Element:
    """An empty drawing."""
    return Element("svg", {"viewBox": f"0 0 {WIDTH} {number(height)}", "class": "panel", "role": "img", "aria-label": alt})


def path(parent: Element, kind: str, d: str) -> Element:
    """A shape, added to the parent."""
    return SubElement(parent, "path", {"class": kind, "d": d})


def label(parent: Element, x: float, y: float, text: str, kind: str, anchor: str = "start", room: float = WIDTH) -> Element:
    """A piece of text, added to the parent; what does not fit into the room is left out at its end."""
    made = SubElement(parent, "text", {"class": kind, "x": number(x), "y": number(y)})
    if anchor != "start":
        made.set("text-anchor", anchor)
    most = max(1, int(room / LETTER))
    made.text = text if len(text) <= most else f"{text[: most - 1]}…"
    return made


def box(x: float, y: float, width: float, height: float) -> str:
    """The outline of a rectangle."""
    return f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h{number(-width)}z"


@dataclass(frozen=True, slots=True)
class Frame:
    """A pair of axes laid out in a drawing."""

    x: Axis
    y: Axis | None
    left: float
    right: float
    top: float
    bottom: float

    def across(self, value: float) -> float:
        """Where a value of the x axis is drawn."""
        return self.left + (self.right - self.left) * self.x.share(value)

    def up(self, value: float) -> float:
        """Where a value of the y axis is drawn."""
        return self.bottom - (self.bottom - self.top) * (self.y.share(value) if self.y else 0.0)

    def draw(self, svg: Element) -> None:
        """The axes with their ticks, labels and grid."""
        self.draw_across(svg)
        if self.y is None:
            return
        label(svg, 0, self.top - 9, self.y.label, "axis-label")
        for value, text in self.y.ticks(5):
            place = self.up(value)
            path(svg, "grid", f"M{number(self.left)} {number(place)}H{number(self.right)}")
            label(svg, self.left - 6, place + 3.5, text, "tick", "end")

    def draw_across(self, svg: Element) -> None:
        """The x axis alone."""
        path(svg, "axis", f"M{number(self.left)} {number(self.bottom)}H{number(self.right)}")
        label(svg, (self.left + self.right) / 2, self.bottom + 32, self.x.label, "axis-label", "middle")
        edge = -1.0
        for value, text in self.x.ticks(6):
            place, half = self.across(value), LETTER * len(text) / 2
            if place - half < edge:  # it would touch the one before
                continue
            path(svg, "axis", f"M{number(place)} {number(self.bottom)}v4")
            label(svg, min(place, WIDTH - half), self.bottom + 16, text, "tick", "middle")
            edge = place + half + 6

    def describe(self, svg: Element) -> None:
        """Leave with the drawing what a script needs to read values back from its places."""
        axes = [("x", self.x)] + ([("y", self.y)] if self.y else [])
        for name, axis in axes:
            svg.set(f"data-{name}", f"{axis.kind} {axis.low!r} {axis.high!r}")
            svg.set(f"data-{name}-label", axis.label)
        svg.set("data-frame", " ".join(number(place) for place in (self.left, self.right, self.top, self.bottom)))


def frame(x: Axis, y: Axis | None, height: float, left: float = 0.0, top: float = 24.0) -> Frame:
    """Axes that fill a drawing of that height; the left margin is as wide as the labels need, or as asked."""
    names = [text for _, text in y.ticks(5)] if y else []
    margin = max(left, 10 + LETTER * max(map(len, names), default=0))
    return Frame(x, y, margin, WIDTH - 8, top, height - 40)
