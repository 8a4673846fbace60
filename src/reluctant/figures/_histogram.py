"""How the units of a site are spread over shares from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from reluctant.numbers import count

from ._axis import Axis
from ._drawing import Drawing, Key
from ._svg import LETTER, WIDTH, Frame, box, canvas, coordinate, label, path
from ._words import translation

HEIGHT = 210
SIDE = 40
"""Room of the bars for exactly 0 and exactly 1."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Units at exactly 0, in equal stretches between, and at exactly 1."""

    label: str
    zero: int
    between: Sequence[int]
    one: int

    @property
    def counts(self) -> list[int]:
        """All counts from left to right."""
        return [self.zero, *self.between, self.one]


def histogram(title: str, alt: str, now: Bars, before: Bars | None, share: str, ends: tuple[str, str], bad: int | None = None) -> Drawing:
    """The bars of `now`, and the outline of `before` over them; `bad` is the bar (0 or -1) that stands for units that do not work.

    `share` says what the share is of, `ends` what exactly 0 and exactly 1 mean.
    """
    svg = canvas(HEIGHT, f"{title}. {alt}")
    highest = max(*now.counts, *(before.counts if before else (1,)), 1)
    placed = Frame(Axis(share, 0, 1), Axis("units", 0, highest), 12 + LETTER * len(count(highest)), WIDTH - 8.0, 26.0, HEIGHT - 44.0)
    _grid(svg, placed)
    places = _places(placed.left, placed.right, len(now.between))
    for index, (units, (x, width)) in enumerate(zip(now.counts, places, strict=True)):
        if units:
            height = max(1.5, placed.bottom - placed.up(units))
            kind = "bad" if bad is not None and index == bad % len(places) else "f1"
            path(svg, f"column {kind}", box(x, placed.bottom - height, width, height))
    for units, (x, width) in zip(before.counts if before else (), places, strict=False):
        if units:
            path(svg, "before", f"M{coordinate(x)} {coordinate(placed.up(units))}h{coordinate(width)}")
    _below(svg, placed, share, ends)
    keys = (Key("area", "f1 column", now.label), Key("line", "before", before.label)) if before else ()
    return Drawing(title, alt, svg, keys)


def _grid(svg: Element, placed: Frame) -> None:
    """Whole numbers of units, each with a line."""
    label(svg, 0, placed.top - 12, "units", "axis-label")
    for value, name in placed.y.ticks(4) if placed.y else ():
        if value == int(value):
            path(svg, "grid", placed.level(placed.up(value)))
            label(svg, placed.left - 6, placed.up(value) + 3.5, translation(name), "tick", "end")


def _places(left: float, right: float, stretches: int) -> list[tuple[float, float]]:
    """Left end and width of every bar: a wide one at each end, apart from those between."""
    start, end = left + SIDE + 8, right - SIDE - 8
    width = (end - start) / stretches
    between = [(start + index * width + 0.5, width - 1) for index in range(stretches)]
    return [(left + 2, SIDE - 6.0), *between, (right - SIDE + 4, SIDE - 6.0)]


def _below(svg: Element, placed: Frame, share: str, ends: tuple[str, str]) -> None:
    left, right, bottom = placed.left, placed.right, placed.bottom
    path(svg, "axis", placed.level(bottom))
    start, end = left + SIDE + 8, right - SIDE - 8
    label(svg, left + SIDE / 2 - 1, bottom + 15, ends[0], "tick", "middle")
    label(svg, right - SIDE / 2 + 1, bottom + 15, ends[1], "tick", "middle")
    for part, text in ((0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %")):
        label(svg, start + part * (end - start), bottom + 15, text, "tick", "middle")
    label(svg, (start + end) / 2, bottom + 33, share, "axis-label", "middle")
