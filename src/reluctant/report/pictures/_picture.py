"""What every picture is, and what it is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from reluctant.figures import Axis, Drawing, time_axis
from reluctant.recording import Finding, Layer, Recording, Site

from .._network_order import in_network_order, layers_in_network_order
from ._event import earliest


@dataclass(frozen=True, slots=True)
class Scene:
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


def scene_of(recording: Recording, findings: Sequence[Finding] = ()) -> Scene:
    """What the pictures of a recording share. Where one of these findings began early, time is laid out on a logarithmic scale."""
    sites = {site.id: site for site in in_network_order(recording)}
    time = time_axis(recording.steps, earliest(findings, sites))
    return Scene(recording, time, sites, layers_in_network_order(recording))


class Picture:
    """One way to show what a finding rests on.

    A subclass in a file of its own in this folder is found; nothing is registered. A picture is chosen by the names in a
    finding's evidence, not by rules: a new rule whose evidence uses these names gets it without a change here.
    """

    order: ClassVar[int]
    """Of several pictures that suit, those of the lowest order are shown, and in this order."""
    evidence: ClassVar[frozenset[str]] = frozenset()
    """Names in the evidence of findings that ask for this picture."""
    general: ClassVar[bool] = False
    """Whether it says something about any finding, and may stand where no picture was asked for."""

    def suits(self, finding: Finding) -> bool:
        """Whether the finding's evidence asks for it."""
        return not self.evidence.isdisjoint(finding.evidence)

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The picture; None where the recording lacks what it is drawn from."""
        raise NotImplementedError
