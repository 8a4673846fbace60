"""What a picture is, what it is drawn from, and which of them show a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

from reluctant import discovery
from reluctant.figures import Axis, Drawing, Guide, time_axis
from reluctant.numbers import count
from reluctant.recording import Finding, Layer, Recording, Silence, Site

from .._network_order import in_network_order, layers_in_network_order
from .._safe_text import safe

SILENT = frozenset({"dead_units", "silent_units", "dead_share"})
"""Names in the evidence of findings about units that pass no gradient."""


LONGEST_NAME = 14
"""Letters of a layer's name that is written at the mark of its event."""


def event_of(finding: Finding, site: Site | None) -> Guide | None:
    """The mark of when the fault of a finding began, from the last step at which it had not to the step at which it was seen.

    None where the recording does not tell, or where it was there from the start.
    """
    step = finding.evidence.get("first_non_finite_step")
    if isinstance(step, int) and not isinstance(step, bool) and step > 0:
        return Guide(step, f"not finite from step {count(step)}", until=step, fault=True)
    if site is None or SILENT.isdisjoint(finding.evidence):
        return None
    fallen = [silence for silence in site.silences if silence.last_alive_step >= 0]
    if not fallen:
        return None
    units = sum(silence.units for silence in fallen)
    last = max(silence.first_silent_step for silence in fallen)
    where = f"{safe(site.after)}: " if 0 < len(site.after) <= LONGEST_NAME else ""
    words = f"{where}{count(units)} of {count(site.units)} units fell silent"
    return Guide(_begun(fallen, units), words, until=last, fault=True)


def _begun(fallen: Sequence[Silence], units: int) -> int:
    """The last step before a tenth of them had fallen silent: single units do so in any run."""
    gone = 0
    for silence in sorted(fallen, key=lambda silence: silence.first_silent_step):
        gone += silence.units
        if gone >= 0.1 * units:
            return silence.last_alive_step
    return 0


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording with what its pictures share: one axis of time, and the order of the network."""

    recording: Recording
    time: Axis
    sites: dict[int, Site] = field(default_factory=dict)
    """By id, in the order of the network."""
    layers: tuple[Layer, ...] = ()
    """In the order of the network."""

    def site(self, finding: Finding) -> Site | None:
        """The site that a finding is about; None where it is about none."""
        return self.sites.get(finding.site) if finding.site is not None else None


def view_of(recording: Recording, findings: Sequence[Finding] = ()) -> RecordingView:
    """What the pictures of a recording share. Where one of these findings began early, time is laid out on a logarithmic scale."""
    sites = {site.id: site for site in in_network_order(recording)}
    events = [event_of(finding, sites.get(finding.site) if finding.site is not None else None) for finding in findings]
    began = min((event.at for event in events if event is not None), default=None)
    return RecordingView(recording, time_axis(recording.steps, began), sites, layers_in_network_order(recording))


class Picture:
    """One way to show what a finding rests on.

    A subclass in a file of this folder is found, and so is one that the entry-point group ``reluctant.pictures`` names. A picture
    is chosen by the names in a finding's evidence, not by rules: a new rule whose evidence uses these names gets it without a
    change here.
    """

    order: ClassVar[int]
    """Of several pictures that suit, those of the lowest order are shown, and in this order."""
    evidence: ClassVar[frozenset[str]] = frozenset()
    """Names in the evidence of findings that ask for this picture."""
    general: ClassVar[bool] = False
    """Whether it says something about any finding, and may stand where no picture was asked for."""

    example: ClassVar[Finding]
    """A finding that asks for it, about the network of the tests: ``fc1``, ``fc2`` and ``fc3``, the second of which died."""
    example_alt: ClassVar[str] = ""
    """A part of what the picture of that finding says in words."""

    def suits(self, finding: Finding) -> bool:
        """Whether the finding's evidence asks for it."""
        return not self.evidence.isdisjoint(finding.evidence)

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The picture; None where the recording lacks what it is drawn from."""
        raise NotImplementedError


MOST = 2
"""Pictures beside one finding: the evidence, not an album."""


@cache
def all_pictures() -> tuple[Picture, ...]:
    """Every picture, the ones that say most first."""
    found = discovery.subclasses("reluctant.report.pictures", Picture, name=lambda picture: picture.__name__, group="reluctant.pictures")
    return tuple(sorted((picture() for picture in found.values()), key=lambda picture: (picture.order, type(picture).__name__)))


def pictures_of(finding: Finding, view: RecordingView) -> tuple[Drawing, ...]:
    """The first pictures that its evidence asks for and that can be drawn; where there are none, a general one."""
    found: list[Drawing] = []
    for picture in all_pictures():
        if len(found) < MOST and picture.suits(finding) and (drawn := picture.draw(finding, view)) is not None:
            found.append(drawn)
    if not found:
        drawings = (picture.draw(finding, view) for picture in all_pictures() if picture.general)
        found += [drawn for drawn in drawings if drawn is not None][:1]
    return tuple(found)
