"""A finding as it is shown: what, where, the code, why, and what to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reluctant.numbers import fine_percent, plural, value
from reluctant.recording import Cause, Finding, ProposedTreatment, Severity
from reluctant.rules import GRAVITY, Branch
from reluctant.treatments import all_treatments

from ._locations import Locations
from ._safe_text import safe, shortened, source_line

MOST_ITEMS = 8
"""Items shown of the evidence, and of a list in it; the file has them all."""

LONGEST_TEXT = 80
"""Characters shown of a text in the evidence."""


def evidence_text(evidence: Mapping[str, Any]) -> str:
    """The evidence on one line: ``dead 83 %, samples 48,640``; what is None was not measured and is left out."""
    return _joined([f"{_entry_name(str(name))} {_entry_text(str(name), item)}" for name, item in evidence.items() if item is not None])


def _entry_name(name: str) -> str:
    return safe(name).removesuffix("_share").replace("_", " ")


def _entry_text(name: str, item: Any) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, (int, float)):
        return fine_percent(item) if name.endswith("share") else value(item)
    if isinstance(item, (list, tuple)):
        return f"[{_joined([_entry_text(name, part) for part in item])}]"
    if isinstance(item, Mapping):
        return f"({evidence_text(item)})"
    return shortened(safe(str(item)), LONGEST_TEXT)


def _joined(items: list[str]) -> str:
    more = [f"and {len(items) - MOST_ITEMS} more"] if len(items) > MOST_ITEMS else []
    return ", ".join([*items[:MOST_ITEMS], *more])


def treatment_text(treatment: ProposedTreatment) -> str:
    """What to change, and what trials made of it where there were some."""
    change = change_text(treatment)
    if treatment.verdict == "not tried":
        return change
    return f"{change} ({treatment.verdict}, {plural(treatment.trials, 'trial')})"


def change_text(treatment: ProposedTreatment) -> str:
    """What to change; its bare name where the recording names a treatment that is not installed here."""
    arguments = safe(treatment.arguments)
    kind = all_treatments().get(treatment.name)
    if kind is not None:
        return kind.in_words(arguments)
    name = safe(treatment.name).replace("-", " ")
    return f"{name}: {arguments}" if arguments else name


FULL_BLOCKS = 2
"""Findings of one rule shown in full, unless all are asked for; of the others only the place."""

MOST_PLACES = 4
"""Locations named in a row."""


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """One finding with what follows from it, every part as text that is safe to show."""

    severity: Severity
    code: str
    name: str
    where: str
    line: int
    code_line: str
    """The source line; empty where the recording does not hold it."""
    message: str
    details: tuple[tuple[str, str], ...]
    """(label, text): evidence, cause, what it leads to, where else it is, what to try."""


def all_blocks(branches: Iterable[Branch], places: Locations) -> tuple[FindingBlock, ...]:
    """Every finding in full: each root, then what follows from it."""
    blocks = []
    for branch in branches:
        blocks.append(_block(branch.root, places, leads_to=branch.followers))
        blocks += [_block(finding, places, follows_from=branch.root) for finding in branch.followers]
    return tuple(blocks)


def main_blocks(branches: Sequence[Branch], places: Locations) -> tuple[FindingBlock, ...]:
    """The roots, the first few of each rule in full; what follows from them is named beneath."""
    blocks = []
    alike: dict[tuple[Severity, str], list[Branch]] = {}
    for branch in branches:
        alike.setdefault((branch.severity, branch.root.code), []).append(branch)
    for _, group in sorted(alike.items(), key=lambda entry: GRAVITY[entry[0][0]]):
        shown, rest = group[:FULL_BLOCKS], group[FULL_BLOCKS:]
        blocks += [_block(branch.root, places, leads_to=branch.followers) for branch in shown[:-1]]
        followers = (*shown[-1].followers, *(follower for branch in rest for follower in branch.followers))
        blocks.append(_block(shown[-1].root, places, leads_to=followers, also=[branch.root for branch in rest]))
    return tuple(blocks)


def tally(findings: Sequence[Finding]) -> str:
    """How many there are of each severity: ``1 error, 2 warnings``."""
    nouns: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "piece of advice"}
    numbers = {severity: sum(finding.severity == severity for finding in findings) for severity in nouns}
    return ", ".join(
        f"{number} pieces of advice" if severity == "advice" and number > 1 else plural(number, nouns[severity])
        for severity, number in numbers.items()
        if number
    )


def _block(
    finding: Finding, places: Locations, leads_to: Sequence[Finding] = (), also: Sequence[Finding] = (), follows_from: Finding | None = None
) -> FindingBlock:
    details = [
        ("evidence", evidence_text(finding.evidence)),
        ("cause", _cause(finding.cause)),
        ("follows", f"from {_name(follows_from)} {_at(places.of(follows_from))}".rstrip() if follows_from else ""),
        *(("leads to", text) for text in _consequences(leads_to, places)),
        ("also", _listed(also, places)),
        *(("try", treatment_text(treatment)) for treatment in finding.treatments),
    ]
    return FindingBlock(
        severity=finding.severity,
        code=safe(finding.code),
        name=safe(finding.name),
        where=places.of(finding),
        line=finding.line,
        code_line=source_line(places.code.get((finding.file, finding.line), "")),
        message=safe(finding.message),
        details=tuple((label, text) for label, text in details if text),
    )


def _cause(cause: Cause | None) -> str:
    if cause is None:
        return ""
    kind = "not known" if cause.kind == "none" else f"{cause.kind}, {'verified' if cause.verified else 'not yet verified'}"
    return f"{kind}: {safe(cause.evidence)}" if cause.evidence else kind


def _consequences(followers: Sequence[Finding], places: Locations) -> list[str]:
    """One text for each rule among the followers, in their order; a single one with what it says."""
    by_code: dict[str, list[Finding]] = {}
    for finding in followers:
        by_code.setdefault(finding.code, []).append(finding)
    return [
        f"{_name(group[0])} {_listed(group, places)}".rstrip() + (f": {safe(group[0].message)}" if len(group) == 1 else "")
        for group in by_code.values()
    ]


def _name(finding: Finding) -> str:
    return f"{safe(finding.code)} {safe(finding.name)}"


def _listed(findings: Sequence[Finding], places: Locations) -> str:
    """Where the findings are: the first few by name, those on one line of code together."""
    named = list(dict.fromkeys((places.line_of(finding), places.layer_of(finding)) for finding in findings))
    shown = named if len(named) <= MOST_PLACES else named[: MOST_PLACES - 1]
    lines = [
        f"{line}{', ' if line else ''}{', '.join(layer for _, layer in group)}".removesuffix(", ")
        for line, group in groupby(shown, key=lambda place: place[0])
    ]
    more = [f"{plural(len(named) - len(shown), 'more place')}"] if len(shown) < len(named) else []
    return _at(" and ".join(["; ".join(line for line in lines if line), *more]))


def _at(where: str) -> str:
    """The place with its preposition: a layer alone brings its own."""
    return where if not where or where.startswith(("at ", "after ")) else f"at {where}"
