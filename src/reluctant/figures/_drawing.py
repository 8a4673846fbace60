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
