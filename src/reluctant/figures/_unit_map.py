"""Who is alive when: the units of a site against time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from reluctant.numbers import count

from ._axis import Axis
from ._drawing import Drawing, Key
from ._svg import LETTER, WIDTH, Frame, box, canvas, label, path

TALLEST, LOWEST = 220, 90
ROWS_APART = 64
"""Up to so many units each have a row of their own; more become one field."""


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """Units that fell silent between the same two moments; without moments, units that have not."""

    units: int
    last_alive: float | None = None
    """None where they never passed gradient, or still do."""
    first_silent: float | None = None


def unit_map(title: str, alt: str, x: Axis, groups: Sequence[UnitGroup]) -> Drawing:
    """Units upwards, time to the right: where a unit passed gradient, where it no longer does, and where that is not known."""
    units = sum(group.units for group in groups)
    apart = units <= ROWS_APART
    row = max(2.0, min(9.0, TALLEST / units)) if apart else 0.0
    height = max(LOWEST, row * units) if apart else TALLEST
    placed = Frame(x, None, 14 + LETTER * len(count(units)), WIDTH - 8, 26, 26 + height)
    svg = canvas(placed.bottom + 40, f"{title}. {alt}")
    label(svg, 0, 12, "units", "axis-label")
    done = 0
    for group in sorted(groups, key=_death, reverse=True):
        rows = range(group.units) if apart else range(1)
        for index in rows:
            size = (height / units) * (1 if apart else group.units)
            y = placed.top + height * (done / units) + (index * size if apart else 0)
            _bar(svg, placed, group, y, size - (0.8 if apart and size > 3 else 0))
        done += group.units
    label(svg, placed.left - 6, placed.top + 8, count(units), "tick", "end")
    label(svg, placed.left - 6, placed.bottom, "0", "tick", "end")
    placed.draw_across(svg)
    keys = Key("area", "alive", "passes gradient"), Key("area", "dead", "passes none"), Key("area", "between", "not known")
    return Drawing(title, alt, svg, keys)


def _death(group: UnitGroup) -> float:
    return float("inf") if group.first_silent is None else group.first_silent


def _bar(svg: Element, placed: Frame, group: UnitGroup, y: float, height: float) -> None:
    if group.first_silent is None:
        path(svg, "alive", box(placed.left, y, placed.right - placed.left, height))
        return
    alive = placed.left if group.last_alive is None else placed.across(group.last_alive)
    silent = placed.left if group.last_alive is None else placed.across(group.first_silent)
    if alive > placed.left:
        path(svg, "alive", box(placed.left, y, alive - placed.left, height))
    if silent > alive:
        path(svg, "between", box(alive, y, silent - alive, height))
    if silent < placed.right:
        path(svg, "dead", box(silent, y, placed.right - silent, height))
