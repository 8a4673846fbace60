"""What holds for every form of the report."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser

import pytest

from reluctant.errors import UsageError
from reluctant.recording import Document, loads
from reluctant.report import Notebook, Renderer, renderer_for, renderers
from tests import recordings
from tests.report import studies

DOCUMENTS = {
    "blocked": recordings.blocked_document(),
    "healthy": recordings.healthy_document(),
    "nothing": Document(recordings.nothing_observed()),
    "empty": Document(),
    "hostile": recordings.hostile_document(),
    "deep": Document(recordings.deep_stack(layers=60, units=100, measured=10)),
}


RENDERERS = renderers()
every = pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
files = pytest.mark.parametrize("renderer", [renderer for renderer in RENDERERS.values() if renderer.suffix], ids=lambda each: each.name)
in_full = pytest.mark.parametrize("name", ["html", "json", "markdown", "notebook", "terminal"])
"""Forms that say all there is to say. Others may say less."""


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", DOCUMENTS)
@every
def test_renders_every_document(renderer: type[Renderer], name: str) -> None:
    for every_site in (False, True):
        text = renderer(every_site=every_site, source="run.json").render(DOCUMENTS[name])
        assert text.endswith("\n")
        assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"] or is_json(text)


@every
def test_names_each_finding_and_its_place(renderer: type[Renderer]) -> None:
    text = renderer(every_site=True).render(DOCUMENTS["blocked"])
    for finding in DOCUMENTS["blocked"].findings:
        assert finding.code in text
    assert "train.py" in text.replace("\\", "")
    assert "32" in text


@in_full
def test_says_cause_code_consequences_and_what_was_not_judged(name: str) -> None:
    text = RENDERERS[name](every_site=True).render(DOCUMENTS["blocked"])
    for part in ("blocked-layer", "learning-rate", "torch.relu(self.fc2(x))", "RL301", "RL404", "no targets were seen"):
        assert part in text


@files
def test_is_found_by_its_suffix(renderer: type[Renderer]) -> None:
    assert renderer_for(f"some/run{renderer.suffix}") is renderer
    assert renderer_for(f"some/RUN{renderer.suffix.upper()}") is renderer


@pytest.mark.parametrize("name", ["run", "run.docx", ""])
def test_another_suffix_is_answered_with_those_that_exist(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        renderer_for(name)
    assert all(renderer.suffix in str(caught.value.advice) for renderer in RENDERERS.values())


def test_suffixes_are_told_apart() -> None:
    suffixes = [renderer.suffix for renderer in RENDERERS.values() if renderer.suffix]
    assert len(set(suffixes)) == len(suffixes), sorted(suffixes)


def test_a_form_of_another_package_takes_no_ending_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Theirs(Renderer):
        name, suffix = "theirs", ".html"

    monkeypatch.setattr("reluctant.report._renderer.renderers", lambda: {**RENDERERS, "theirs": Theirs})
    assert renderer_for("run.html") is RENDERERS["html"]


@every
def test_a_form_without_studies_says_which_have_them(renderer: type[Renderer]) -> None:
    if renderer.render_study is not Renderer.render_study:
        pytest.skip("it shows studies")
    with pytest.raises(UsageError, match="does not show studies") as caught:
        renderer().render_study(studies.answered())
    assert ".html" in str(caught.value.advice)


def test_json_is_the_saved_document() -> None:
    text = renderer_for("run.json")().render(DOCUMENTS["blocked"])
    assert loads(text) == DOCUMENTS["blocked"]
    assert json.loads(text)["format"] == 1


def test_markdown_has_no_markup_of_a_user() -> None:
    text = renderer_for("run.md")().render(DOCUMENTS["hostile"])
    outside_code = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    assert "<script" not in outside_code.replace(r"\<script", "")
    assert "](javascript" not in outside_code.replace(r"\]", "")
    assert "@everyone" not in outside_code
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace(r"\|", "").count("|") for line in tables} == {11}


class Tags(HTMLParser):
    """Collects the tags and attributes of a text, and checks that they are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", DOCUMENTS)
def test_notebook_html_is_whole_and_runs_nothing(name: str) -> None:
    parser = Tags()
    parser.feed(Notebook().render(DOCUMENTS[name]))
    parser.close()
    assert parser.open == []
    assert parser.tags <= {"div", "p", "b", "table", "tr", "th", "td", "pre", "code"}
    assert parser.attributes <= {"class", "style", "colspan"}


def test_notebook_html_says_what_the_terminal_says() -> None:
    text = Notebook(source="run.json").render(DOCUMENTS["blocked"])
    for said in ("RL202", "train.py:32, after fc2", "leads to", "reluctant report run.json", "█▁▁▁▁▁▁▁"):
        assert said in text
