"""How often the units of a site pass gradient."""

from __future__ import annotations

from reluctant.figures import Bars, Drawing, histogram
from reluctant.numbers import count, plural
from reluctant.recording import Finding, ShareHistogram, Site, UnitWindow

from .._safe_text import safe
from ._picture import Picture, Scene

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

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The histogram; None where the finding is about no site, or no unit of it was seen."""
        site = scene.site(finding)
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
    last = "" if window.first_step == window.last_step else f" to {window.last_step:,}"
    steps = f"step{'s' if last else ''} {window.first_step:,}{last}"
    return Bars(steps, shares.zero, shares.bins, shares.one)
