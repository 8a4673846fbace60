"""A finding as the page shows it: its code, its pictures, and what trials made of the treatments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc

from reluctant.errors import UnknownNameError
from reluctant.figures import Axis, Band, Drawing, Extent, Line, line_chart, range_chart
from reluctant.numbers import count, plural, value
from reluctant.recording import Comparison, Finding, Location, ProposedTreatment, Recording, Severity, Site, TrialVerdict
from reluctant.rules import Branch, get

from .._finding_block import FULL_BLOCKS, change_text, evidence_text
from .._locations import Locations
from .._safe_text import safe, source_line
from ..pictures import RecordingView, pictures_of
from ..pictures.loss_curve import loss_axis

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


def snippet(finding: Finding, places: Locations) -> tuple[CodeLine, ...]:
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


def related_lines(finding: Finding, site: Site | None, recording: Recording, places: Locations) -> tuple[RelatedLine, ...]:
    """The lines at which the cause can be changed, and where the activation is built and called, unless they are the finding's own."""
    found: dict[tuple[str, int], RelatedLine] = {}
    for what, location in _related(finding, site, recording):
        place = (location.file, location.line)
        if location.code and place != (finding.file, finding.line):
            found.setdefault(place, RelatedLine(what, f"{places.file(location.file)}:{location.line}", source_line(location.code)))
    return tuple(found.values())


def _related(finding: Finding, site: Site | None, recording: Recording) -> list[tuple[str, Location]]:
    found = [("built", site.built), ("called", site.called)] if site is not None else []
    cause = finding.cause.kind if finding.cause else "none"
    if cause in ("learning-rate", "weight-decay"):
        found += [("optimizer", optimizer.built) for optimizer in recording.optimizers]
    if cause in ("head-loss-mismatch", "target-range") or "loss" in finding.evidence:
        fitting = [loss for loss in recording.losses if loss.kind == finding.evidence.get("loss", loss.kind)]
        found += [("loss", place) for loss in fitting for place in (loss.place, loss.built)]
    if cause in ("initialisation", "bias-initialisation"):
        own = [parameter for parameter in recording.parameters if parameter.name.rpartition(".")[0] == finding.layer]
        found += [("initialised", parameter.initialised) for parameter in own]
    return [(what, place) for what, place in found if place]


INTERVAL = "95\N{NO-BREAK SPACE}% interval"

MOST_CURVES = 2
"""Treatments of one finding whose curves are drawn: the first ones with the best verdict."""

BEST_FIRST = ("verified", "better", "no difference shown", "worse", "inconclusive", "not tried")


def trial_pictures(treatments: Sequence[ProposedTreatment]) -> tuple[Drawing, ...]:
    """The differences of all that were tried, then treated against untreated curves of the best."""
    tried = [(treatment, treatment.comparison) for treatment in treatments if treatment.comparison is not None]
    tried.sort(key=lambda pair: BEST_FIRST.index(pair[0].verdict) if pair[0].verdict in BEST_FIRST else len(BEST_FIRST))
    curves = [drawn for treatment, shown in tried if (drawn := _curves(treatment, shown)) is not None]
    differences = _differences(tried)
    return (*((differences,) if differences else ()), *curves[:MOST_CURVES])


def comparison_text(shown: Comparison) -> str:
    """The paired difference with its interval, on how many seeds the finding was gone, and what else is to be said."""
    parts = []
    if shown.difference is not None:
        interval = f" (95 % interval {value(shown.low)} to {value(shown.high)})" if shown.low is not None and shown.high is not None else ""
        parts.append(
            f"{safe(shown.by).capitalize()} at the end, treated less untreated: {value(shown.difference)}{interval}, "
            f"{plural(shown.seeds, 'pair')} of trials."
        )
    parts.append(f"The finding was gone on {count(shown.finding_gone)} of {plural(shown.seeds, 'seed')}.")
    if shown.note:
        parts.append(safe(shown.note))
    return " ".join(parts)


def _differences(tried: Sequence[tuple[ProposedTreatment, Comparison]]) -> Drawing | None:
    extents = [
        Extent(safe(str(treatment)), shown.low, shown.high, mean=shown.difference)
        for treatment, shown in tried
        if shown.difference is not None and shown.low is not None and shown.high is not None
    ]
    if not extents:
        return None
    noun = safe(tried[0][1].by)
    side = "Above 0 is better" if tried[0][1].goal == "max" else "Below 0 is better"
    alt = "; ".join(f"{extent.label}: {value(extent.mean or 0.0)}, from {value(extent.low)} to {value(extent.high)}" for extent in extents)
    title = f"Treated less untreated {noun}, with {INTERVAL}"
    axis = f"difference of the {noun} at the end; {side.lower()}"
    return range_chart(title, f"{alt}. {side}.", axis, extents, zero="no difference")


def _curves(treatment: ProposedTreatment, shown: Comparison) -> Drawing | None:
    treated, untreated = shown.treated, shown.untreated
    if treated is None or untreated is None or min(len(treated.steps), len(untreated.steps)) < 2:
        return None
    noun = safe(shown.by)
    pairs = (("untreated", untreated, 0), (safe(str(treatment)), treated, 1))
    y = loss_axis([number for _, curve, _ in pairs for numbers in (curve.mean, curve.low, curve.high) for number in numbers], noun)
    if y is None:
        return None
    lines = [Line(name, curve.steps, curve.mean, colour, dashed=not colour) for name, curve, colour in pairs]
    banded = [(curve, colour) for _, curve, colour in pairs if len(curve.low) == len(curve.steps) == len(curve.high)]
    bands = [Band(curve.steps, curve.low, curve.high, colour, INTERVAL if colour else "") for curve, colour in banded]
    x = Axis("step", 0, max(treated.steps[-1], untreated.steps[-1], 1))
    without, treated_loss = value(untreated.mean[-1]), value(treated.mean[-1])
    alt = f"At the end {without} without the treatment, {treated_loss} with it, mean over {plural(shown.seeds, 'seed')}."
    return line_chart(f"{noun.capitalize()} with and without {safe(str(treatment))}", alt, x, y, lines, bands)


VERDICT_KINDS: dict[TrialVerdict, str] = {
    "not tried": "unknown", "inconclusive": "warning", "worse": "error", "no difference shown": "unknown", "better": "clear",
    "verified": "clear",
}  # fmt: skip
"""The colour of what trials said about a treatment."""

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TreatmentCard:
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
    treatments: tuple[TreatmentCard, ...]
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


def cards(branches: Iterable[Branch], places: Locations, view: RecordingView) -> tuple[Card, ...]:
    """A card for each root, with the cards of what follows from it inside."""
    made = []
    for index, branch in enumerate(branches, start=1):
        followers = tuple(
            _card(finding, f"finding-{index}-{number}", places, view, follows_from=branch.root)
            for number, finding in enumerate(branch.followers, start=1)
        )
        made.append(_card(branch.root, f"finding-{index}", places, view, followers=followers))
    return tuple(made)


def site_anchor(site: int) -> str:
    """What a site of the map is linked by."""
    return f"site-{site}"


def _card(
    finding: Finding,
    anchor: str,
    places: Locations,
    view: RecordingView,
    follows_from: Finding | None = None,
    followers: tuple[Card, ...] = (),
) -> Card:
    site = view.site(finding)
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
        related=related_lines(finding, site, view.recording, places),
        evidence=tuple(_evidence(finding)),
        cause="" if cause is None else "not known" if cause.kind == "none" else safe(cause.kind),
        cause_verified=cause is not None and cause.verified,
        cause_evidence=safe(cause.evidence) if cause else "",
        treatments=tuple(_treatment_card(treatment) for treatment in finding.treatments),
        pictures=pictures_of(finding, view),
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
            yield words, evidence_text({name: item}).removeprefix(words).strip()


def _treatment_card(treatment: ProposedTreatment) -> TreatmentCard:
    return TreatmentCard(
        name=safe(str(treatment)),
        words=change_text(treatment),
        verdict=safe(treatment.verdict),
        kind=VERDICT_KINDS.get(treatment.verdict, "unknown"),
        trials=plural(treatment.trials, "trial") if treatment.trials else "",
        shown=comparison_text(treatment.comparison) if treatment.comparison else "",
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
