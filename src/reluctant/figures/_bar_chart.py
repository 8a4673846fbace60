"""Bars beside their names, against one value that all are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from ._drawing import Key
from ._panel import sheet
from ._svg import box, coordinate, label, path
from ._words import translation

WIDTH, LABELS, BAR, GAP = 760, 230, 12, 10
"""Of the picture, of the names at its left, and of a bar with the space below its group."""
NOTES, KEY = 60, 90
"""Room for the words behind the longest bar, and for an entry of the legend."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, and the words behind it."""

    length: float
    colour: int
    note: str


@dataclass(frozen=True, slots=True)
class BarPanel:
    """Groups of bars on one scale."""

    title: str
    groups: Sequence[tuple[str, Sequence[Bar]]]
    """(name, bars), from the top down."""
    keys: Sequence[Key]


def bar_chart(title: str, alt: str, panels: Sequence[BarPanel], note: str, reference: float = 1.0) -> str:
    """Panels below one another as an SVG document of its own; a dashed line in each marks the `reference`, `note` stands below them."""
    heights = [28 + sum(BAR * len(bars) + GAP for _, bars in panel.groups) + 8 for panel in panels]
    bottom = 34 + sum(heights)
    svg = sheet("bars", WIDTH, bottom + 28, title, alt)
    for index, panel in enumerate(panels):
        _panel(svg, panel, reference, 34 + sum(heights[:index]))
    label(svg, 12, bottom + 14, note, "tick", room=WIDTH)
    return tostring(svg, encoding="unicode") + "\n"


def _panel(svg: Element, panel: BarPanel, reference: float, top: float) -> None:
    longest = max((bar.length for _, bars in panel.groups for bar in bars), default=reference)
    scale = (WIDTH - LABELS - NOTES) / max(longest, reference)
    label(svg, 12, top + 14, panel.title, "panel-title", room=WIDTH)
    for index, key in enumerate(panel.keys):
        x = WIDTH - KEY * (len(panel.keys) - index)
        path(svg, key.colour, box(x, top + 5, 10, 10))
        label(svg, x + 14, top + 14, translation(key.label), "legend")
    y = top + 28
    for name, bars in panel.groups:
        label(svg, 12, y + BAR * len(bars) / 2 + 4, name, "mark-label")
        for bar in bars:
            width = max(bar.length * scale, 1.0)
            path(svg, f"f{bar.colour}", box(LABELS, y, width, BAR - 2))
            label(svg, LABELS + width + 5, y + BAR - 3, bar.note, "tick")
            y += BAR
        y += GAP
    path(svg, "guide", f"M{coordinate(LABELS + reference * scale)} {coordinate(top + 24)}V{coordinate(y)}")
