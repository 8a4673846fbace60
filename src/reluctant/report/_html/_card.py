"""A finding as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from inspect import cleandoc

from reluctant.errors import UnknownNameError
from reluctant.figures import Drawing
from reluctant.numbers import plural
from reluctant.recording import Finding, Severity, Treatment, TrialVerdict
from reluctant.rules import get

from .._evidence import evidence_in_words
from .._finding_block import FULL_BLOCKS
from .._finding_tree import Branch
from .._places import Places
from .._safe_text import safe
from .._treatment_in_words import change_in_words
from ..pictures import Scene, pictures_of
from ._snippet import CodeLine, RelatedLine, related_lines, snippet
from ._trials import comparison_in_words, trial_pictures

VERDICT_KINDS: dict[TrialVerdict, str] = {
    "not tried": "unknown", "inconclusive": "warning", "worse": "error", "no difference shown": "unknown", "better": "clear",
    "verified": "clear",
}  # fmt: skip
"""The colour of what trials said about a treatment."""

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to try, and what trials made of it."""

    name: str
    """As it is written on a command line."""
    words: str
    verdict: str
    kind: str
    trials: str
    shown: str
    """What the trials showed, in words; empty where there were none."""


@dataclass(frozen=True, slots=True)
class Card:
    """One finding, every part as text that is safe to show."""

    anchor: str
    severity: Severity
    code: str
    name: str
    where: str
    message: str
    meaning: str
    """What the rule finds, in a sentence; empty for a rule that is not known here."""
    harm: tuple[str, ...]
    """Why it is bad: the paragraphs of the rule's manual."""
    snippet: tuple[CodeLine, ...]
    related: tuple[RelatedLine, ...]
    evidence: tuple[tuple[str, str], ...]
    cause: str
    """Its kind; empty where the finding names none."""
    cause_verified: bool
    cause_evidence: str
    remedies: tuple[Remedy, ...]
    pictures: tuple[Drawing, ...]
    trials: tuple[Drawing, ...]
    follows_from: str = ""
    site: str = ""
    """The anchor of its site in the map."""
    followers: tuple[Card, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class CardGroup:
    """The roots that are of one rule and of one severity: the first ones are shown, the others folded."""

    name: str
    shown: tuple[Card, ...]
    folded: tuple[Card, ...]


def grouped(cards: Iterable[Card]) -> tuple[CardGroup, ...]:
    """The cards of roots, those that are alike together, in the order of the first of each."""
    alike: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        alike.setdefault((card.severity, card.code), []).append(card)
    return tuple(
        CardGroup(f"{group[0].code} {group[0].name}", tuple(group[:FULL_BLOCKS]), tuple(group[FULL_BLOCKS:])) for group in alike.values()
    )


def cards(branches: Iterable[Branch], places: Places, scene: Scene) -> tuple[Card, ...]:
    """A card for each root, with the cards of what follows from it inside."""
    made = []
    for index, branch in enumerate(branches, start=1):
        followers = tuple(
            _card(finding, f"finding-{index}-{number}", places, scene, follows_from=branch.root)
            for number, finding in enumerate(branch.followers, start=1)
        )
        made.append(_card(branch.root, f"finding-{index}", places, scene, followers=followers))
    return tuple(made)


def site_anchor(site: int) -> str:
    """What a site of the map is linked by."""
    return f"site-{site}"


def _card(
    finding: Finding, anchor: str, places: Places, scene: Scene, follows_from: Finding | None = None, followers: tuple[Card, ...] = ()
) -> Card:
    site = scene.site(finding)
    meaning, harm = _manual(finding.code)
    cause = finding.cause
    return Card(
        anchor=anchor,
        severity=finding.severity,
        code=safe(finding.code),
        name=safe(finding.name),
        where=places.of(finding),
        message=safe(finding.message),
        meaning=meaning,
        harm=harm,
        snippet=snippet(finding, places),
        related=related_lines(finding, site, scene.recording, places),
        evidence=tuple(_evidence(finding)),
        cause="" if cause is None else "not known" if cause.kind == "none" else safe(cause.kind),
        cause_verified=cause is not None and cause.verified,
        cause_evidence=safe(cause.evidence) if cause else "",
        remedies=tuple(_remedy(treatment) for treatment in finding.treatments),
        pictures=pictures_of(finding, scene),
        trials=trial_pictures(finding.treatments),
        follows_from=f"{safe(follows_from.code)} {safe(follows_from.name)}" if follows_from else "",
        site=site_anchor(site.id) if site is not None else "",
        followers=followers,
    )


def _evidence(finding: Finding) -> Iterable[tuple[str, str]]:
    """(name, value) of each entry that was measured."""
    for name, item in finding.evidence.items():
        if item is not None:
            words = safe(str(name)).removesuffix("_share").replace("_", " ")
            yield words, evidence_in_words({name: item}).removeprefix(words).strip()


def _remedy(treatment: Treatment) -> Remedy:
    return Remedy(
        name=safe(str(treatment)),
        words=change_in_words(treatment),
        verdict=safe(treatment.verdict),
        kind=VERDICT_KINDS.get(treatment.verdict, "unknown"),
        trials=plural(treatment.trials, "trial") if treatment.trials else "",
        shown=comparison_in_words(treatment.comparison) if treatment.comparison else "",
    )


def _manual(code: str) -> tuple[str, tuple[str, ...]]:
    """First line and "Why is this bad?" of a rule's manual page; nothing for a rule that is not installed here."""
    try:
        page = cleandoc(get(code).__doc__ or "")
    except UnknownNameError:
        return "", ()
    parts = _SECTION.split(page)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    harm = sections.get("Why is this bad?", "").strip()
    return safe(parts[0].split("\n\n")[0]), tuple(safe(paragraph) for paragraph in harm.split("\n\n") if paragraph.strip())
