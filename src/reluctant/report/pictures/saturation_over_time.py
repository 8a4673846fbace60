"""How much of a site lies on the flat part of its activation, through time."""

from __future__ import annotations

from reluctant.figures import Axis, Drawing, Line, line_chart
from reluctant.numbers import percent
from reluctant.recording import Finding

from .._safe_text import safe
from ._picture import Picture, Scene


class SaturationOverTime(Picture):
    """Share of the samples, over all units, whose slope is nearly 0, against time."""

    order = 11
    evidence = frozenset({"saturated_units", "flat_at_start"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The curve; None where the finding is about no site, or the site was measured once."""
        site = scene.site(finding)
        if site is None or len(site.moments) < 2:
            return None
        steps = [moment.step for moment in site.moments]
        shares = [moment.flat_share for moment in site.moments]
        alt = f"{percent(shares[0])} at step {steps[0]:,}, {percent(shares[-1])} at step {steps[-1]:,}, {percent(max(shares))} at most."
        line = Line("on the flat part", steps, [100 * share for share in shares])
        title = f"{safe(site.operation)} after {safe(site.after)}: samples on the flat part"
        return line_chart(title, alt, scene.time, Axis("% of samples and units", 0, 100), [line])
