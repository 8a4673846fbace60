"""The HTML page: its structure, its size, and whatever names are in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from reluctant.recording import Cause, Document, Finding, Location, NotJudged, ProposedTreatment, Site, Unobserved
from reluctant.report import renderer_for
from reluctant.report.html import Html
from tests import recordings
from tests.report.test_trial_pictures import CURED

DOCUMENTS = {
    "blocked": recordings.blocked_document(),
    "healthy": recordings.healthy_document(),
    "nothing": Document(recordings.nothing_observed()),
    "killed": Document(recordings.killed_run()),
    "hostile": recordings.hostile_document(),
    "empty": Document(),
}
VOID = {"meta", "link", "br", "path", "img", "input", "hr"}


class TextFile(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"


class Page(HTMLParser):
    """Reads a page: its elements in order, its text, and whether every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.lines: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag in (
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "section",
            "article",
            "figure",
            "li",
            "summary",
            "figcaption",
            "footer",
            "header",
            "main",
            "nav",
        ):
            named = {name: value for name, value in attrs if name in ("id", "class", "aria-labelledby") and value}
            self.lines.append(f"{'  ' * len(self.open)}<{tag}{''.join(f' {name}={value!r}' for name, value in named.items())}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = set(self.open)
        if data.strip() and not inside & {"style", "script", "svg", "head"} and {"main", "footer"} & inside:
            self.lines.append(f"{'  ' * len(self.open)}  {' '.join(data.split())}")

    def skeleton(self) -> str:
        """Sections, headings, lists and all text, without what is drawn."""
        return "\n".join(self.lines) + "\n"

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def page(document: Document) -> str:
    return Html(source="run.json").render(document)


@pytest.mark.parametrize("name", ["blocked", "healthy", "nothing"])
def test_is_built_as_expected(name: str, snapshot: SnapshotAssertion) -> None:
    assert Page(page(DOCUMENTS[name])).skeleton() == snapshot.use_extension(TextFile)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_is_whole(name: str) -> None:
    read = Page(page(DOCUMENTS[name]))
    ids = read.ids()
    assert len(set(ids)) == len(ids)
    for _, attributes in read.elements:
        for attribute in ("aria-labelledby", "href"):
            target = attributes.get(attribute, "")
            assert attribute not in attributes or target.removeprefix("#") in ids or target.startswith("data:")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_headings_go_down_one_level_at_a_time(name: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(page(DOCUMENTS[name])).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_loads_nothing_and_handles_nothing_in_attributes(name: str) -> None:
    for tag, attributes in Page(page(DOCUMENTS[name])).elements:
        assert tag not in ("iframe", "object", "embed", "base", "form", "img")
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
        assert attributes.get("href", "#").startswith(("#", "data:image/svg+xml"))
        assert "src" not in attributes


def test_order_is_verdict_findings_network_and_what_was_not_judged() -> None:
    text = page(DOCUMENTS["blocked"])
    places = [text.index(part) for part in ('id="verdict"', 'id="findings"', 'id="finding-1"', 'id="network"', 'id="unjudged"', 'id="run"')]
    assert places == sorted(places)


def test_a_root_has_its_lines_its_cause_its_remedies_and_what_follows() -> None:
    text = page(DOCUMENTS["blocked"])
    card = text[text.index('id="finding-1"') : text.index("</article>")]
    for said in (
        "train.py:32, after fc2", "x = torch.relu(self.fc1(x))", '<span class="here"><span class="number">   32', "optimizer, train.py:44",
        "optimizer = torch.optim.SGD(model.parameters(), lr=1.0)", "learning-rate", "not yet verified", "lower-learning-rate:0.1",
        "Why is this bad?", 'id="finding-1-1"', "RL301 vanishing-gradient", "Follows from RL202 blocked-layer", "64 of 64 units pass no",
    ):  # fmt: skip
        assert said in card, said


def test_what_was_tried_is_shown() -> None:
    document = DOCUMENTS["blocked"]
    root = document.findings[2]
    tried = replace(
        root, cause=replace(root.cause, verified=True) if root.cause else None, treatments=(CURED, ProposedTreatment("normalise"))
    )
    text = page(Document(document.recording, (tried,)))
    for said in (
        "verified by trials",
        "better, 10 trials",
        "95 % interval -1.75 to -1.25",
        "What the trials showed",
        "Loss with and without",
    ):
        assert said in text


def test_findings_that_are_alike_are_folded() -> None:
    text = page(recordings.deep_document())
    assert text.count("38 more RL201 dead-units") == 2  # in the contents and on the fold
    assert text.count("<article") == 40


def test_everything_not_judged_is_named() -> None:
    document = Document(
        recordings.healthy_mlp(),
        (Finding("RL902", "too-few-samples", "advice", "12 units."),),
        (NotJudged("RL404", "unreachable-target", "no targets"),),
    )
    text = page(document)
    for said in ("RL404 unreachable-target: no targets.", "12 units.", "Not everything could be judged"):
        assert said in text
    assert "Everything that was seen was judged" not in text


def test_nothing_observed_is_not_healthy() -> None:
    text = page(DOCUMENTS["nothing"])
    assert "nothing observed" in text
    assert "no fault found" not in text
    assert "nothing is judged" in text


HOSTILE = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "</title></style></svg><img src=x onerror=alert(1)>", '" onload="',
    "' style='x", "--><!--", "]]>", "{{ 7*7 }}{% if %}", "&lt;b&gt;", "javascript:alert(1)", "\u202etxt.exe", "\x00\x1b[2J", "\ud800",
)  # fmt: skip
"""Names that would become markup, script, template or control where they were not escaped."""


def document_of(name: str) -> Document:
    """A run in which everything that can be named has this name."""
    blocked = recordings.blocked_layer()
    place = Location(name, 32, name, name)
    sites = tuple(
        replace(
            site,
            after=name,
            operation=name,
            module=name,
            module_type=name,
            parameters={name: 0.5},
            place=place,
            called=place,
            built=Location(name, 33, name, name),
        )
        for site in blocked.sites
    )
    recording = replace(
        blocked,
        script=name,
        arguments=(name,),
        sites=sites,
        models=(name,),
        torch=name,
        device=name,
        layers=tuple(replace(layer, name=name, module_type=name, place=place) for layer in blocked.layers),
        parameters=tuple(replace(parameter, name=name, role="slope") for parameter in blocked.parameters),
        optimizers=tuple(replace(optimizer, type=name, built=place) for optimizer in blocked.optimizers),
        losses=tuple(replace(loss, kind=name, place=place) for loss in blocked.losses),
        graphs=tuple(
            replace(
                graph,
                nodes=tuple(replace(node, operation=name, function=name, kind="pooling") if node.id == 0 else node for node in graph.nodes),
            )
            for graph in blocked.graphs
        ),
        not_observed=(Unobserved(name, name, place, name),),
    )
    evidence = {
        "dead_units": 64,
        "layers": [name, name],
        "merged_parameters": 3,
        "slope_first": 0.25,
        "slopes": [name],
        name: name,
        "loss": name,
    }
    tried = replace(CURED, name=name, arguments=name, verdict=name, comparison=replace(CURED.comparison, note=name))  # type: ignore[type-var]
    finding = Finding(
        name, name, "error", name, name, 32, name, 1, evidence, Cause("learning-rate", name), None, (tried, ProposedTreatment(name, name))
    )
    return Document(recording, (finding, replace(finding, site=None, code="RL102")), (NotJudged(name, name, name),))


def structure(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes."""
    return [(tag, tuple(attributes)) for tag, attributes in Page(text).elements]


@pytest.mark.parametrize("name", [*HOSTILE, *recordings.HOSTILE_TEXTS])
def test_no_name_becomes_markup(name: str) -> None:
    plain, hostile = page(document_of("name")), page(document_of(name))
    tags = set(structure(hostile))
    assert tags <= set(structure(plain))
    assert hostile.count("<script") == plain.count("<script")
    assert "{{ 7*7 }}" in hostile or "{{" not in name  # shown as it stands, not worked out
    assert "\x1b" not in hostile
    assert "\x00" not in hostile
    assert "\u202e" not in hostile
    hostile.encode()


@given(st.text(st.characters(exclude_categories=[])))
@settings(max_examples=40, deadline=None)
def test_no_text_becomes_markup(name: str) -> None:
    site: Site = recordings.healthy_mlp().sites[0]
    document = document_of(name)
    recording = replace(document.recording, sites=(replace(site, after=name, place=Location(name, 1, name, name)),))
    text = page(replace(document, recording=recording))
    assert {tag for tag, _ in structure(text)} <= {tag for tag, _ in structure(page(document_of("name")))}
    text.encode()


def test_is_small() -> None:
    assert len(page(DOCUMENTS["blocked"]).encode()) < 200_000


def test_is_what_a_name_that_ends_in_html_asks_for() -> None:
    assert renderer_for("run.html") is Html
