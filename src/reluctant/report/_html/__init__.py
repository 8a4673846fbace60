"""What the HTML page says, in order, as plain data for its template: every text is safe to show, and none is markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reluctant.figures import Drawing
from reluctant.numbers import NOTHING, count, fine_percent, value
from reluctant.recording import Document, Finding, Recording
from reluctant.rules import about_network, finding_tree

from .._locations import Locations, locations_of
from .._outline import Outline, outline_of
from .._safe_text import safe
from ..pictures import RecordingView, view_of
from ..pictures._picture import event_of
from ..pictures.gradient_over_time import gradient_map
from ..pictures.loss_curve import floor_of, loss_curve, main_curve
from ._card import CardGroup, cards, grouped
from ._map import NetworkMap, network_map

KINDS = {"error": "error", "warning": "warning", "advice": "advice", "clear": "clear", "nothing": "unknown"}
"""How the page colours a verdict."""

WORDS = {"error": "error", "warning": "warning", "advice": "advice", "clear": "no fault found", "nothing": "nothing observed"}


@dataclass(frozen=True, slots=True)
class PageContent:
    """What the template lays out."""

    outline: Outline
    """Verdict, notes, what was not judged, tally and commands, as in every other form of the report."""
    script: str
    arguments: str
    kind: str
    kind_words: str
    figures: tuple[tuple[str, str], ...]
    """(what, value): the run in a few figures."""
    overview: tuple[Drawing, ...]
    """The loss and the gradient through time; marked in both is when the first root, or what follows from it, began."""
    groups: tuple[CardGroup, ...]
    map: NetworkMap
    facts: tuple[tuple[str, str], ...]
    """(what, value) of the run, its optimizers and its losses."""


def page_content(document: Document, source: str = "") -> PageContent:
    """What the page says of a document; `source` is the file that the document is saved in."""
    recording = document.recording
    places = locations_of(recording)
    branches = finding_tree(about_network(document.findings))
    gravest = [finding for branch in branches[:1] for finding in (branch.root, *branch.followers)]
    view = view_of(recording, gravest)
    outline = outline_of(document, source)
    made = cards(branches, places, view)
    return PageContent(
        outline=outline,
        script=places.script,
        arguments=safe(" ".join(recording.arguments)),
        kind=KINDS[outline.verdict.kind],
        kind_words=WORDS[outline.verdict.kind],
        figures=tuple(_figures(recording)),
        overview=tuple(_overview(view, gravest)),
        groups=grouped(made),
        map=network_map(document, places, view, made),
        facts=tuple(_facts(recording, places)),
    )


def _figures(recording: Recording) -> Iterator[tuple[str, str]]:
    yield ("steps" if recording.optimizers or not recording.passes else "backward passes"), count(recording.steps)
    yield "measured", count(recording.measured_steps)
    yield "overhead", fine_percent(recording.overhead_share) if recording.overhead_share is not None else NOTHING
    yield "activation sites", count(len(recording.sites))
    if (curve := main_curve(recording)) is not None:
        means = [point.mean for point in curve.points if point.mean is not None]
        if means:
            yield "loss, first → last", f"{value(means[0])} → {value(means[-1])}"


def _overview(view: RecordingView, gravest: list[Finding]) -> Iterator[Drawing]:
    guides = [event for finding in gravest if (event := event_of(finding, view.site(finding))) is not None][:1]
    floors = [floor for finding in gravest[:1] if (floor := floor_of(finding)) is not None]
    curve = main_curve(view.recording)
    for drawn in (loss_curve(curve, view, [*guides, *floors]) if curve else None, gradient_map(view, guides)):
        if drawn is not None:
            yield drawn


def _facts(recording: Recording, places: Locations) -> Iterator[tuple[str, str]]:
    yield "script", safe(recording.script)
    yield "arguments", safe(" ".join(recording.arguments))
    yield "model", ", ".join(safe(name) for name in recording.models)
    for optimizer in recording.optimizers:
        groups = " · ".join(
            f"lr {value(group.lr)}"
            + (f", weight decay {value(group.weight_decay)}" if group.weight_decay else "")
            + (f", momentum {value(group.momentum)}" if group.momentum else "")
            for group in optimizer.groups[:4]
        )
        where = f" ({places.file(optimizer.built.file)}:{optimizer.built.line})" if optimizer.built else ""
        yield "optimizer", f"{safe(optimizer.type)}: {groups}{where}"
    for loss in recording.losses:
        where = f" ({places.file(loss.place.file)}:{loss.place.line})" if loss.place else ""
        yield "loss", f"{safe(loss.kind)}{' written by hand' if loss.handwritten else ''}{where}"
    yield "backward passes", count(recording.passes)
    yield "time", f"{value(round(recording.seconds, 1))} s" if recording.seconds else ""
    yield "exit code", NOTHING if recording.exit_code is None else str(recording.exit_code)
    yield "device", safe(recording.device)
    versions = (("reluctant", recording.reluctant), ("torch", recording.torch), ("python", recording.python))
    yield "versions", ", ".join(f"{name} {safe(version)}" for name, version in versions if version)
