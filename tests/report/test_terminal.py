"""The report on a terminal: as printed, at two widths, with and without colour, and whatever names are in it."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from reluctant.recording import Document, Finding, Location, Site, Unobserved
from reluctant.report import Terminal, show
from reluctant.report.terminal import encodable, width_of
from tests import recordings

DOCUMENTS = {
    "blocked": recordings.blocked_document(),
    "healthy": recordings.healthy_document(),
    "nothing": Document(recordings.nothing_observed()),
    "killed": Document(recordings.killed_run()),
    "crashed": Document(recordings.crashed_run()),
    "hostile": recordings.hostile_document(),
    "deep": recordings.deep_document(),
}
SGR = re.compile(r"\x1b\[[0-9;]*m")


class TextFile(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def expected(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_looks_as_expected(name: str, width: int, expected: SnapshotAssertion) -> None:
    assert expected == Terminal(source="run.json", width=width).render(DOCUMENTS[name])


@pytest.mark.parametrize("name", ["blocked", "nothing", "deep"])
def test_colours_are_as_expected(name: str, expected: SnapshotAssertion) -> None:
    assert expected == Terminal(source="run.json", width=80, colour=True).render(DOCUMENTS[name]).replace("\x1b", "\\e")


def test_everything_in_full_looks_as_expected(expected: SnapshotAssertion) -> None:
    assert expected == Terminal(every_site=True, width=80).render(DOCUMENTS["blocked"])


@pytest.mark.parametrize("width", [40, 57, 80, 100, 120])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_is_too_long(name: str, width: int) -> None:
    lines = Terminal(width=width).render(DOCUMENTS[name]).splitlines()
    commands = [line for line in lines if line.startswith(("Keep it: ", "Again: "))]
    assert max(cell_len(line) for line in lines if line not in commands) <= width


@pytest.mark.parametrize("name", DOCUMENTS)
def test_colour_changes_nothing_but_colour(name: str) -> None:
    coloured = Terminal(width=80, colour=True).render(DOCUMENTS[name])
    assert SGR.sub("", coloured) == Terminal(width=80).render(DOCUMENTS[name])


def test_what_the_recording_lacks_is_said_once_at_the_end() -> None:
    few = Finding("RL902", "too-few-samples", "advice", "12 units were silent on 40 samples.", recordings.SCRIPT, 31, "fc1", 0)
    unseen = Finding("RL901", "not-observed", "advice", "Not observed: a region, because it was compiled.")
    recording = replace(recordings.healthy_mlp(), not_observed=(Unobserved("a region", "it was compiled"),))
    text = Terminal(width=100).render(Document(recording, (few, unseen)))
    assert text.count("a region") == 1
    assert "too few samples  train.py:31, after fc1: 12 units were silent on 40 samples." in text
    assert "advice" not in text


def hidden(text: str) -> set[str]:
    """Characters without a shape of their own."""
    return {letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter != "\n"}


@pytest.mark.parametrize("every_site", [False, True])
def test_control_characters_are_shown_as_escapes(every_site: bool) -> None:
    text = Terminal(every_site=every_site, width=120).render(DOCUMENTS["hostile"])
    assert not hidden(text)
    assert r"\x1b[2J" in text
    assert r"\u202e" in text


@given(st.text(st.characters(exclude_categories=[])), st.text(st.characters(exclude_categories=[])))
@settings(max_examples=100, deadline=None)
def test_no_text_of_a_user_reaches_the_terminal_as_control_or_markup(name: str, code: str) -> None:
    recording = recordings.healthy_mlp()
    site: Site = replace(recording.sites[0], after=name, operation=code, place=Location(name, 31, "", code))
    finding = Finding("RL201", "dead-units", "error", code, name, 31, name, 0, evidence={name: code})
    document = Document(replace(recording, script=name, sites=(site, *recording.sites[1:])), (finding,))
    assert not hidden(Terminal(width=80).render(document))
    coloured = Terminal(width=80, colour=True).render(document)
    assert not hidden(SGR.sub("", coloured))


def test_markup_is_text() -> None:
    recording = recordings.healthy_mlp()
    finding = Finding("RL201", "dead-units", "error", "[blink]all[/blink] [bold red]dead[/] :skull:")
    assert "[blink]all[/blink] [bold red]dead[/] :skull:" in Terminal(width=80, colour=True).render(Document(recording, (finding,)))


class Stream(io.StringIO):
    """A stream with an encoding, and a terminal or not."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_stream_gets_only_what_it_can_encode(name: str, encoding: str) -> None:
    stream = Stream(encoding)
    show(DOCUMENTS[name], stream)
    stream.getvalue().encode(encoding)


def test_columns_stay_in_line_without_unicode() -> None:
    stream = Stream("ascii")
    show(DOCUMENTS["blocked"], stream)
    rows = [line for line in stream.getvalue().splitlines() if line.startswith("!   ")]
    assert len(rows) == 2
    assert rows[0].index(">") == rows[1].index(">")
    assert rows[0].endswith(" #_______")


def test_a_pipe_gets_no_colour_and_a_terminal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, terminal = Stream(), Stream(terminal=True)
    show(DOCUMENTS["blocked"], pipe)
    show(DOCUMENTS["blocked"], terminal)
    assert "\x1b" not in pipe.getvalue()
    assert SGR.search(terminal.getvalue())
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Stream(terminal=True)
    show(DOCUMENTS["blocked"], plain)
    assert "\x1b" not in plain.getvalue()


def test_colour_can_be_forced_and_a_dumb_terminal_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    pipe = Stream()
    show(DOCUMENTS["blocked"], pipe)
    assert SGR.search(pipe.getvalue())
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    dumb = Stream(terminal=True)
    show(DOCUMENTS["blocked"], dumb)
    assert "\x1b" not in dumb.getvalue()


@pytest.mark.parametrize(("columns", "width"), [("", 100), ("80", 80), ("300", 120), ("10", 40), ("wide", 100), ("0", 100)])
def test_the_width_is_that_of_the_terminal_within_bounds(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width_of(Stream()) == width


def test_what_cannot_be_encoded_becomes_something_close() -> None:
    assert encodable("3.2e-2 → 0 · ▁█ “a” 漢", "ascii") == "3.2e-2 > 0 - _# ?a? ?"
    assert encodable("→ 漢", "utf-8") == "→ 漢"
    assert encodable("→", None) == "→"
