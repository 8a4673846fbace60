"""The lines of a script around a finding, as far as the recording holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reluctant.recording import Finding, Location, Recording, Site

from .._places import Places
from .._safe_text import source_line

NEAR = 4
"""Lines of the same file above and below that are shown where the recording holds them."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of code; without a number it stands for lines that the recording does not hold."""

    line: int | None
    code: str = ""
    here: bool = False
    """Whether the finding is at this line."""


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """A line elsewhere that has to do with it."""

    what: str
    where: str
    code: str


def snippet(finding: Finding, places: Places) -> tuple[CodeLine, ...]:
    """The line of a finding among its neighbours. Files are never read: a recording may come from elsewhere, and name any file."""
    if not places.code.get((finding.file, finding.line)):
        return ()
    near = sorted(line for file, line in places.code if file == finding.file and abs(line - finding.line) <= NEAR)
    shown: list[CodeLine] = []
    for line in near:
        if shown and shown[-1].line is not None and line > shown[-1].line + 1:
            shown.append(CodeLine(None))
        shown.append(CodeLine(line, source_line(places.code[finding.file, line]), line == finding.line))
    return tuple(shown)


def related_lines(finding: Finding, site: Site | None, recording: Recording, places: Places) -> tuple[RelatedLine, ...]:
    """The lines at which the cause can be changed, and where the activation is built and called, unless they are the finding's own."""
    found: dict[tuple[str, int], RelatedLine] = {}
    for what, location in _related(finding, site, recording):
        place = (location.file, location.line)
        if location.code and place != (finding.file, finding.line):
            found.setdefault(place, RelatedLine(what, f"{places.file(location.file)}:{location.line}", source_line(location.code)))
    return tuple(found.values())


def _related(finding: Finding, site: Site | None, recording: Recording) -> Iterator[tuple[str, Location]]:
    if site is not None:
        yield from (("built", place) for place in [site.built] if place)
        yield from (("called", place) for place in [site.called] if place)
    cause = finding.cause.kind if finding.cause else "none"
    if cause in ("learning-rate", "weight-decay"):
        yield from (("optimizer", optimizer.built) for optimizer in recording.optimizers if optimizer.built)
    if cause in ("head-loss-mismatch", "target-range") or "loss" in finding.evidence:
        fitting = [loss for loss in recording.losses if loss.kind == finding.evidence.get("loss", loss.kind)]
        yield from (("loss", place) for loss in fitting for place in (loss.place, loss.built) if place)
    if cause in ("initialisation", "bias-initialisation"):
        yield from (
            ("initialised", parameter.initialised)
            for parameter in recording.parameters
            if parameter.initialised and parameter.name.rpartition(".")[0] == finding.layer
        )
