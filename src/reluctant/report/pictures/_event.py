"""The moment at which something went wrong, as far as a recording tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reluctant.figures import Guide
from reluctant.recording import Finding, Silence, Site

from .._safe_text import safe

SILENT = frozenset({"dead_units", "silent_units", "dead_share"})
"""Names in the evidence of findings about units that pass no gradient."""


LONGEST_NAME = 14
"""Letters of a layer's name that is written at the mark of its event."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened after one measured step and was seen at a later one."""

    before: int
    """Last step at which it had not happened."""
    seen: int
    words: str

    def guide(self) -> Guide:
        """The mark of it in a chart over time."""
        return Guide(self.before, self.words, until=self.seen, fault=True)


def event_of(finding: Finding, site: Site | None) -> Event | None:
    """When the fault of a finding began; None where the recording does not tell, or where it was there from the start."""
    step = finding.evidence.get("first_non_finite_step")
    if isinstance(step, int) and not isinstance(step, bool) and step > 0:
        return Event(step, step, f"not finite from step {step:,}")
    if site is None or SILENT.isdisjoint(finding.evidence):
        return None
    fallen = [silence for silence in site.silences if silence.last_alive_step >= 0]
    if not fallen:
        return None
    units = sum(silence.units for silence in fallen)
    last = max(silence.first_silent_step for silence in fallen)
    where = f"{safe(site.after)}: " if 0 < len(site.after) <= LONGEST_NAME else ""
    return Event(_begun(fallen, units), last, f"{where}{units:,} of {site.units:,} units fell silent")


def _begun(fallen: Sequence[Silence], units: int) -> int:
    """The last step before a tenth of them had fallen silent: single units do so in any run."""
    gone = 0
    for silence in sorted(fallen, key=lambda silence: silence.first_silent_step):
        gone += silence.units
        if gone >= 0.1 * units:
            return silence.last_alive_step
    return 0


def earliest(findings: Iterable[Finding], sites: Mapping[int, Site]) -> int | None:
    """The first step at which a fault began; None where none is known."""
    events = [event_of(finding, sites.get(finding.site) if finding.site is not None else None) for finding in findings]
    return min((event.before for event in events if event is not None), default=None)
