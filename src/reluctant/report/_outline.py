"""Everything a report says, in order, as plain text: the renderers only give it a form."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from reluctant.figures import NON_FINITE
from reluctant.numbers import count, fine_percent, plural
from reluctant.recording import Document, Finding, NotJudged, Recording, Unobserved
from reluctant.rules import about_measurement, about_network, finding_tree

from ._finding_block import FindingBlock, all_blocks, main_blocks, tally
from ._locations import Locations, locations_of
from ._safe_text import safe, visible
from ._site_table import SiteRow, SkippedRows, main_site_rows, site_rows
from ._verdict import Verdict, end_of_run, verdict

LEGEND = (
    "dead: passed no gradient · open: slope not flat · zeros: outputs that are 0",
    f"grad: rms, latest steps · over run: grad out, log scale, ▁ is 0, {NON_FINITE} is NaN",
)
"""What the columns of the table mean."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a report. All text is safe to show: on one line and without control characters."""

    title: str
    verdict: Verdict
    notes: tuple[str, ...]
    """How the run ended, where it did not end well."""
    rows: tuple[SiteRow | SkippedRows, ...]
    blocks: tuple[FindingBlock, ...]
    unjudged: tuple[tuple[str, str], ...]
    """(label, text) of what was not judged or not observed."""
    tally: str
    commands: tuple[tuple[str, str], ...]
    """(what for, command) to type next."""


def outline_of(document: Document, source: str = "", every_site: bool = True) -> Outline:
    """The report with every site and every finding in full, else with what many sites share said once.

    `source` is the file that the document is saved in.
    """
    recording = document.recording
    places, branches = locations_of(recording), finding_tree(about_network(document.findings))
    blocks = (all_blocks if every_site else main_blocks)(branches, places)
    found = verdict(document)
    return Outline(
        title=_title(recording, places),
        verdict=Verdict(found.kind, safe(found.sentence)),
        notes=tuple(note for note in (end_of_run(recording) if found.kind != "nothing" else "",) if note),
        rows=site_rows(document, places) if every_site else main_site_rows(document, places),
        blocks=blocks,
        unjudged=(
            *_not_judged(document.not_judged),
            *_not_observed(recording.not_observed, places),
            *_not_measured(about_measurement(document.findings), places),
        ),
        tally=tally(about_network(document.findings)),
        commands=tuple(_commands(document, source, blocks)),
    )


def _title(recording: Recording, places: Locations) -> str:
    unit = "step" if recording.optimizers or not recording.passes else "backward pass"
    parts = [plural(recording.steps, unit), f"{count(recording.measured_steps)} measured"]
    if recording.overhead_share is not None:
        parts.append(f"overhead {fine_percent(recording.overhead_share)}")
    return f"reluctant · {places.script} · {', '.join(parts)}"


def _not_judged(entries: tuple[NotJudged, ...]) -> list[tuple[str, str]]:
    """The rules that share a reason together."""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        names = reasons.setdefault(safe(entry.why).rstrip("."), [])
        name = f"{safe(entry.code)} {safe(entry.name)}".rstrip()
        if name not in names:
            names.append(name)
    return [("not judged", f"{', '.join(names)}: {why}.") for why, names in reasons.items()]


def _not_observed(entries: tuple[Unobserved, ...], places: Locations) -> list[tuple[str, str]]:
    texts: dict[str, None] = {}
    for entry in entries:
        where = f" at {places.file(entry.place.file)}:{entry.place.line}" if entry.place else ""
        text = f"{safe(entry.what)}{where}: {safe(entry.why).rstrip('.')}."
        texts[f"{text} {safe(entry.advice)}".rstrip()] = None
    return [("not observed", text) for text in texts]


def _not_measured(findings: tuple[Finding, ...], places: Locations) -> list[tuple[str, str]]:
    return [
        (safe(finding.name).replace("-", " "), ": ".join(part for part in (places.of(finding), safe(finding.message)) if part))
        for finding in findings
    ]


def _commands(document: Document, source: str, blocks: tuple[FindingBlock, ...]) -> list[tuple[str, str]]:
    commands = []
    if source:
        commands.append(("Again", f"reluctant report {visible(shlex.quote(source))}"))
    elif script := document.recording.script:
        module = script.removeprefix("-m ")
        program = shlex.quote(script) if module == script else f"-m {shlex.quote(module)}"
        commands.append(("Keep it", f"reluctant run -o run.json {visible(program)}"))
    if blocks:
        commands.append(("Rule", f"reluctant rule {blocks[0].code}"))
    return commands
