"""A finished drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from ._words import Words

KeyMark = Literal["line", "dashed", "area", "dots"]


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a sample of a mark, and what it is."""

    mark: KeyMark
    colour: str
    """The classes that colour it."""
    label: Words

    def swatch(self) -> str:
        """A short piece of the mark, as it is drawn, as SVG."""
        return swatch(self.mark, self.colour)


def swatch(mark: KeyMark, colour: str) -> str:
    """A sample of a mark of a colour, as SVG of the size of a word."""
    svg = ElementTree.Element("svg", {"viewBox": "0 0 24 10", "width": "24", "height": "10", "aria-hidden": "true"})
    kinds = {"area": colour, "dots": f"dots {colour}", "dashed": f"line {colour} dashed", "line": f"line {colour}"}
    shapes = {"area": "M1 1h22v8h-22z", "dots": "M12 5h.01"}
    drawn = ElementTree.SubElement(svg, "path", {"class": kinds[mark], "d": shapes.get(mark, "M1 5h22")})
    if mark == "dots":
        drawn.set("stroke-width", "7")
    return ElementTree.tostring(svg, encoding="unicode")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing with everything that a page says about it."""

    title: str
    alt: str
    """What is to be seen, with its numbers, for who does not see it."""
    svg: ElementTree.Element
    keys: tuple[Key, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """The numbers of the figure as a table; empty where `alt` says them all."""

    def markup(self) -> str:
        """The SVG as text; what it holds of other people's text is escaped."""
        return ElementTree.tostring(self.svg, encoding="unicode")
