"""Who is alive when."""

from __future__ import annotations

from reluctant.figures import Axis, Drawing, UnitGroup, unit_map
from reluctant.numbers import count, plural
from reluctant.recording import Finding, Site

from .._safe_text import safe
from ._event import SILENT
from ._picture import Picture, Scene


class UnitsOverTime(Picture):
    """The units of a site against time: which pass gradient, and since when the others do not."""

    order = 10
    evidence = SILENT

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The map; None where no unit of the site fell silent."""
        site = scene.site(finding)
        return units_over_time(site, scene.time) if site is not None else None


def units_over_time(site: Site, time: Axis) -> Drawing | None:
    """The map of one site; None where no unit is silent."""
    silent = sum(silence.units for silence in site.silences)
    if not silent or silent > site.units:
        return None
    groups = [
        UnitGroup(silence.units, silence.last_alive_step if silence.last_alive_step >= 0 else None, silence.first_silent_step)
        for silence in site.silences
    ]
    if site.units > silent:
        groups.append(UnitGroup(site.units - silent))
    never = sum(silence.units for silence in site.silences if silence.last_alive_step < 0)
    alt = f"{count(silent)} of {plural(site.units, 'unit')} pass no gradient at the end."
    if never:
        alt += f" {count(never)} never did."
    fallen = [silence for silence in site.silences if silence.last_alive_step >= 0]
    if fallen:
        first, last = min(each.first_silent_step for each in fallen), max(each.first_silent_step for each in fallen)
        when = f"at step {count(first)}" if first == last else f"between steps {count(first)} and {count(last)}"
        alt += f" {count(silent - never)} fell silent {when}."
    return unit_map(f"Units after {safe(site.after) or safe(site.operation)}: which pass gradient, and until when", alt, time, groups)
