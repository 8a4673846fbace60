"""A recording as large as they get: 200 layers of 10,000 units, 100,000 steps, every timeline full. Times: benchmarks/scale.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reluctant.recording import Document, dumps, load, save
from reluctant.report import Terminal
from reluctant.report.html import Html
from tests import recordings

BYTES_PER_MOMENT = 450
"""A moment of a site, a layer or a parameter takes at most this in the file."""


@pytest.fixture(scope="module")
def document() -> Document:
    return recordings.deep_document()


def test_is_read_and_shown_in_few_lines(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    save(document, path)
    text = Terminal(width=80).render(load(path))
    assert len(text.splitlines()) < 40


def test_is_shown_in_full(document: Document) -> None:
    text = Terminal(width=80, every_site=True).render(document)
    assert sum("relu" in line for line in text.splitlines()) >= 200


def test_its_page_has_a_bounded_size(document: Document) -> None:
    """Of half as many sites, which is more than most networks have."""
    recording = document.recording
    sites, layers = recording.sites[:100], recording.layers[:100]
    half = Document(replace(recording, sites=sites, layers=layers), document.findings)
    text = Html().render(half)
    assert text.count('class="row site') >= 100
    assert len(text) < 3_000_000


def test_its_file_has_a_bounded_size(document: Document) -> None:
    recording = document.recording
    moments = sum(len(record.moments) for record in (*recording.sites, *recording.layers, *recording.parameters))
    assert len(dumps(document)) < moments * BYTES_PER_MOMENT + 2_000_000
