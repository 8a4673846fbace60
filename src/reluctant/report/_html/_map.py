"""The network as a map: its stations in order, each with its state, its rail, and for a site its details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reluctant.figures import Drawing, Line, line_chart, spark
from reluctant.numbers import NOTHING, count, magnitude, value
from reluctant.recording import Document, Finding, Layer, Location, Loss, Severity, Site
from reluctant.rules import worst

from .._locations import Locations
from .._safe_text import safe, source_line
from .._site_table import SiteRow, dead_share, is_on, site_row
from ..pictures import RecordingView
from ..pictures.by_layer import size_axis
from ..pictures.units import USUAL, slope_histogram, units_over_time
from ._card import Card, site_anchor
from ._stations import Rail, Station, rails, ways_of

SPELLINGS = {"module": "a module", "functional": "a function", "method": "a method of the tensor", "inside": "inside a module of torch"}


def facts(site: Site, row: SiteRow, places: Locations) -> tuple[tuple[str, str], ...]:
    """(what, value) of what is known about a site, besides its numbers in the map."""
    arguments = ", ".join(f"{safe(name)} {value(number)}" for name, number in site.parameters.items())
    window = site.recent or site.whole
    found = [
        ("arguments", arguments),
        ("written as", " ".join(part for part in (SPELLINGS.get(site.spelling, ""), safe(site.module)) if part)),
        ("called", _line(site.called, places)),
        ("built", _line(site.built, places) if site.built != site.called else ""),
        ("part", "" if site.role in ("hidden", "other") else site.role),
        ("samples", f"{count(window.samples)} of steps {count(window.first_step)} to {count(window.last_step)}" if window else "none"),
        ("calls in a pass", count(site.calls) if site.calls > 1 else ""),
        ("gradient in", row.arriving),
        ("gradient out", row.leaving),
        ("output", _output(site)),
        ("slopes", "" if site.exact else "from the ratio of gradients, not from values"),
        ("not finite from", f"step {count(site.first_non_finite_step)}" if site.first_non_finite_step is not None else ""),
    ]
    return tuple((what, words) for what, words in found if words and words != NOTHING)


def details(site: Site, view: RecordingView) -> tuple[Drawing, ...]:
    """The pictures of a site: who is alive, how often units pass gradient, and how large the gradient is."""
    drawn = [units_over_time(site, view.time), slope_histogram(site, *USUAL), _gradient(site, view)]
    return tuple(each for each in drawn if each is not None)


def _gradient(site: Site, view: RecordingView) -> Drawing | None:
    steps = [moment.step for moment in site.moments]
    arriving = [moment.gradient_arriving_rms for moment in site.moments]
    leaving = [moment.gradient_leaving_rms for moment in site.moments]
    axis = size_axis("root mean square", [*arriving, *leaving])
    if axis is None or len(steps) < 2:
        return None
    last_in, last_out = (next((size for size in reversed(sizes) if size is not None), None) for sizes in (arriving, leaving))
    alt = f"At the last measured step {magnitude(last_in)} arrives and {magnitude(last_out)} goes on."
    shown = [[size if size else None for size in sizes] for sizes in (arriving, leaving)]  # 0 has no place on a logarithmic axis
    lines = [Line("arrives", steps, shown[0], colour=0), Line("goes on", steps, shown[1])]
    return line_chart("Gradient through time", alt, view.time, axis, lines)


def _output(site: Site) -> str:
    last = next((moment for moment in reversed(site.moments) if moment.output_rms is not None), None)
    return f"rms {magnitude(last.output_rms)}, mean {magnitude(last.output_mean)}" if last else ""


def _line(place: Location | None, places: Locations) -> str:
    if place is None:
        return ""
    code = source_line(place.code)
    return f"{places.file(place.file)}:{place.line}" + (f"  {code}" if code else "")


HEALTH = {"error": "error", "warning": "warning", "advice": "advice", "clear": "no fault found", "unknown": "not judged", "": ""}
"""What each state of a row is called."""

TALLIED = {**HEALTH, "error": "with an error", "warning": "with a warning", "advice": "with advice"}
"""The same after a number of sites."""

Link = tuple[str, str, str]
"""The anchor of a finding's card, the finding's code and name, and its severity."""
Links = dict[tuple[str, str], Link]
"""By code and place of a finding."""

CELLS = ("units", "dead", "open", "zeros")


@dataclass(frozen=True, slots=True)
class MapRow:
    """One station."""

    kind: str
    anchor: str
    health: str
    """A key of `HEALTH`; empty for what is not judged by itself."""
    name: str
    note: str
    place: str
    rail: Rail = field(default_factory=Rail)
    cells: tuple[tuple[str, str], ...] = ()
    """(what, value) of a site."""
    trend: str = ""
    """The gradient over the run as a small drawing."""
    facts: tuple[tuple[str, str], ...] = ()
    details: tuple[Drawing, ...] = ()
    findings: tuple[Link, ...] = ()
    """What was found on it."""

    @property
    def state(self) -> str:
        """Its health in words."""
        return HEALTH[self.health]


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """The rows of the map, and what is to be said of it."""

    rows: tuple[MapRow, ...] = ()
    lanes: int = 0
    left_out: int = 0
    tally: tuple[tuple[str, str, int], ...] = ()
    """(health, its words, how many sites) for the states that occur."""


def network_map(document: Document, places: Locations, view: RecordingView, cards: Sequence[Card]) -> NetworkMap:
    """The map of a document."""
    recording = document.recording
    made = ways_of(recording)
    laid = rails(len(made.stations), made.ways)
    links = _links(cards)
    unjudged = _unjudged(document)
    rows = [_row(station, document, places, view, links, unjudged) for station in made.stations]
    sites = [row.health for row in rows if row.kind == "site"]
    return NetworkMap(
        rows=tuple(replace(row, rail=rail) for row, rail in zip(rows, laid.rows, strict=True)),
        lanes=laid.lanes,
        left_out=laid.left_out,
        tally=tuple((health, words, sites.count(health)) for health, words in TALLIED.items() if health and health in sites),
    )


def _links(cards: Sequence[Card]) -> Links:
    every = [each for card in cards for each in (card, *card.followers)]
    return {(card.code, card.where): (card.anchor, f"{card.code} {card.name}", card.severity) for card in reversed(every)}


def _unjudged(document: Document) -> set[int]:
    """Sites that were seen on too few samples."""
    named = [finding.evidence.get("sites", ()) for finding in document.findings if finding.name == "too-few-samples"]
    return {site for group in named if isinstance(group, (list, tuple)) for site in group if isinstance(site, int)}


def _row(station: Station, document: Document, places: Locations, view: RecordingView, links: Links, unjudged: set[int]) -> MapRow:
    recording = document.recording
    if station.kind == "site" and (site := view.sites.get(station.id)) is not None:
        findings = [finding for finding in document.findings if is_on(finding, site)]
        return _site_row(site, findings, places, view, links, site.id in unjudged)
    if station.kind == "layer" and (layer := next((layer for layer in view.layers if layer.id == station.id), None)) is not None:
        return _layer_row(layer, document.findings, places, view, links)
    if station.kind == "loss" and (loss := next((loss for loss in recording.losses if loss.id == station.id), None)) is not None:
        return _loss_row(loss, places)
    words = safe(station.name.replace("_", " "))
    opaque = "not observed inside" if station.kind == "passage" and station.name == "opaque" else ""
    return MapRow(station.kind, "", "", words, opaque, places.line(station.place) if station.place else "")


def _site_row(site: Site, findings: Sequence[Finding], places: Locations, view: RecordingView, links: Links, too_few: bool) -> MapRow:
    row = site_row(site, findings, places)
    sizes = [(moment.step, moment.gradient_leaving_rms) for moment in site.moments]
    return MapRow(
        kind="site",
        anchor=site_anchor(site.id),
        health=_health(worst(findings), site, too_few),
        name=row.activation,
        note=f"after {row.after}",
        place=row.place,
        cells=tuple((name, getattr(row, name)) for name in CELLS),
        trend=_trend("gradient that goes on", sizes, view),
        facts=facts(site, row, places),
        details=details(site, view),
        findings=_linked(findings, places, links),
    )


def _trend(what: str, sizes: Sequence[tuple[int, float | None]], view: RecordingView) -> str:
    """Sizes at steps as a small drawing; empty where fewer than two were measured."""
    measured = [size for _, size in sizes if size is not None]
    if len(measured) < 2:
        return ""
    alt = f"{what}: {magnitude(measured[0])} at first, {magnitude(measured[-1])} at last"
    return spark([view.time.share(step) for step, _ in sizes], [size for _, size in sizes], alt)


def _health(severity: Severity | None, site: Site, too_few: bool) -> str:
    """What was found, else whether anything could be: a site that was not measured is not healthy."""
    if severity is not None:
        return severity
    return "unknown" if too_few or dead_share(site.recent or site.whole) is None else "clear"


def _layer_row(layer: Layer, findings: Sequence[Finding], places: Locations, view: RecordingView, links: Links) -> MapRow:
    own = [finding for finding in findings if finding.site is None and finding.layer and finding.layer == layer.name]
    sizes = [(moment.step, moment.weight_gradient_rms) for moment in layer.moments]
    place = layer.place or layer.called
    return MapRow(
        kind="layer",
        anchor=f"layer-{layer.id}",
        health=worst(own) or "",
        name=safe(layer.name) or layer.kind,
        note=" ".join(part for part in (safe(layer.module_type) or layer.kind.replace("_", " "), _shape(layer)) if part),
        place=places.line(place) if place else "",
        trend=_trend("gradient of the weights", sizes, view),
        findings=_linked(own, places, links),
    )


def _shape(layer: Layer) -> str:
    """Features or channels in and out, and the size of a kernel; a normalisation changes neither."""
    if layer.kind.endswith("_norm"):
        return ""
    if layer.kind != "convolution" or len(layer.weight_shape) < 3:
        return f"{count(layer.fan_in)}\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}{count(layer.fan_out)}" if layer.fan_in else ""
    first, second, *kernel = layer.weight_shape
    channels = (first, second * layer.groups) if layer.transposed else (second * layer.groups, first)
    return f"{count(channels[0])}\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}{count(channels[1])}, {'×'.join(map(str, kernel))}"


def _loss_row(loss: Loss, places: Locations) -> MapRow:
    place = loss.place or loss.built
    change = f"{value(loss.first_loss)} → {value(loss.last_loss)}" if loss.first_loss is not None and loss.last_loss is not None else ""
    return MapRow("loss", f"loss-{loss.id}", "", safe(loss.kind.replace("_", " ")), change, places.line(place) if place else "")


def _linked(findings: Sequence[Finding], places: Locations, links: Links) -> tuple[Link, ...]:
    found = [links.get((safe(finding.code), places.of(finding))) for finding in findings]
    return tuple(dict.fromkeys(link for link in found if link is not None))
