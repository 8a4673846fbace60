"""The units of a site: who is alive when, on which share of the samples, and how many lie on the flat part."""

from __future__ import annotations

from reluctant.figures import Axis, Bars, Drawing, Line, UnitGroup, histogram, line_chart, unit_map
from reluctant.numbers import count, percent, plural
from reluctant.recording import Finding, ShareHistogram, Site, UnitWindow

from .._safe_text import safe
from ._picture import SILENT, Picture, RecordingView


class UnitsOverTime(Picture):
    """The units of a site against time: which pass gradient, and since when the others do not."""

    order = 10
    evidence = SILENT
    example = Finding("RL202", "", "error", "", layer="fc2", site=1, evidence={"dead_units": 64})
    example_alt = "64 of 64 units pass no gradient at the end. 64 fell silent"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The map; None where no unit of the site fell silent."""
        site = view.site(finding)
        return units_over_time(site, view.time) if site is not None else None


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
    fallen = [silence for silence in site.silences if silence.last_alive_step >= 0]
    never = silent - sum(silence.units for silence in fallen)
    alt = f"{count(silent)} of {plural(site.units, 'unit')} pass no gradient at the end."
    if never:
        alt += f" {count(never)} never did."
    if fallen:
        first, last = min(each.first_silent_step for each in fallen), max(each.first_silent_step for each in fallen)
        when = f"at step {count(first)}" if first == last else f"between steps {count(first)} and {count(last)}"
        alt += f" {count(silent - never)} fell silent {when}."
    return unit_map(f"Units after {safe(site.after) or safe(site.operation)}: which pass gradient, and until when", alt, time, groups)


class SaturationOverTime(Picture):
    """Share of the samples, over all units, whose slope is nearly 0, against time."""

    order = 11
    evidence = frozenset({"saturated_units", "flat_at_start"})
    example = Finding("RL203", "", "error", "", layer="fc2", site=1, evidence={"saturated_units": 3})

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The curve; None where the finding is about no site, or the site was measured once."""
        site = view.site(finding)
        if site is None or len(site.moments) < 2:
            return None
        steps = [moment.step for moment in site.moments]
        shares = [moment.flat_share for moment in site.moments]
        ends = (f"{percent(share)} at step {count(step)}" for share, step in ((shares[0], steps[0]), (shares[-1], steps[-1])))
        alt = f"{', '.join(ends)}, {percent(max(shares))} at most."
        line = Line("on the flat part", steps, [100 * share for share in shares])
        title = f"{safe(site.operation)} after {safe(site.after)}: samples on the flat part"
        return line_chart(title, alt, view.time, Axis("% of samples and units", 0, 100), [line])


QUANTITIES = {
    "saturated_units": ("flat", "share of samples on the flat part", ("never", "always"), -1),
    "flat_share": ("flat", "share of samples on the flat part", ("never", "always"), -1),
    "always_on_units": ("open", "share of samples with the full slope", ("never", "always"), None),
    "booleans": ("open", "share of samples with the full slope", ("never", "always"), None),
}
"""By a name in the evidence: which histogram, what its share is of, what its ends mean, and which end stands for a fault."""

USUAL = ("passes", "share of samples that pass gradient", ("none", "all"), 0)


class SlopeHistogram(Picture):
    """The units of a site by the share of samples on which their slope is not 0, is flat, or is full: at the end and at the start."""

    order = 12
    evidence = frozenset({"units", "dead_units", "silent_units", *QUANTITIES})
    general = True
    example = Finding("RL103", "", "error", "", layer="fc2", site=1, evidence={"always_on_units": 3})
    example_alt = "On 1,280 samples"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The histogram; None where the finding is about no site, or no unit of it was seen."""
        site = view.site(finding)
        if site is None:
            return None
        asked = next((quantity for name, quantity in QUANTITIES.items() if name in finding.evidence), USUAL)
        return slope_histogram(site, *asked)


def slope_histogram(site: Site, quantity: str, share: str, ends: tuple[str, str], bad: int | None) -> Drawing | None:
    """The histogram of one of the shares of a site; None where none was measured."""
    window = site.recent or site.whole
    if window is None or not window.passes.units:
        return None
    now = _bars(window, quantity)
    before = _bars(site.start, quantity) if site.start and site.start.passes.units and site.start != window else None
    alt = (
        f"On {count(window.samples)} samples of steps {count(window.first_step)} to {count(window.last_step)}: {plural(now.zero, 'unit')} "
        f"at exactly none, {count(now.one)} at exactly all, {count(sum(now.between))} between."
    )
    title = f"Units after {safe(site.after) or safe(site.operation)} by {share}"
    return histogram(title, alt, now, before, share, ends, bad)


def _bars(window: UnitWindow, quantity: str) -> Bars:
    shares: ShareHistogram = getattr(window, quantity)
    last = "" if window.first_step == window.last_step else f" to {count(window.last_step)}"
    steps = f"step{'s' if last else ''} {count(window.first_step)}{last}"
    return Bars(steps, shares.zero, shares.bins, shares.one)
