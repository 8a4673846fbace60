"""A recording together with what the rules made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._finding import Finding, NotJudged, Treatment
from ._recording import Recording


@dataclass(frozen=True, slots=True)
class Document:
    """A recording, what the rules found in it, and what they could not judge: all that a report shows and a file holds."""

    recording: Recording = field(default_factory=Recording)
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    baseline: tuple[Treatment, ...] = ()
    """Treatments that were drawn at random and tried as well, each with the best verdict it has against any root finding."""
