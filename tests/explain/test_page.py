"""The page is one file that loads nothing, says the same in both languages, and shows text as text; and files come back as they were."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest

from reluctant.errors import RecordingError
from reluctant.explain import LANGUAGES, Figure, Text, account, all_claims, dumps, load, page, write_figures
from reluctant.explain._javascript import in_javascript, javascript
from reluctant.explain.in_code import InCodeClaim
from tests.explain.conftest import short_outcome

LARGEST = 1_000_000
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' {{ 7 * 7 }}"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text without scripts and styles."""

    VOID = ("meta", "link", "input", "br", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words += data


@pytest.fixture(scope="module", params=LANGUAGES)
def text(request, short_account) -> tuple[str, str]:
    return request.param, page(short_account, request.param)


def test_every_element_is_closed_and_every_name_is_one_of_its_own(text):
    elements = Elements(text[1])
    assert not elements.open
    names = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(names) == len(set(names))
    for _, attributes in elements.found:
        for reference in ("for", "aria-labelledby", "aria-describedby"):
            assert set((attributes.get(reference) or "").split()) <= set(names)
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in names


def test_it_loads_nothing(text):
    for tag, attributes in Elements(text[1]).found:
        assert not attributes.keys() & {"src", "srcset", "data", "poster", "action"}, tag
        assert (attributes.get("href") or "#").startswith(("#", "data:")), tag
    assert "url(" not in text[1].replace("url(#", "")


def test_it_reads_without_javascript(text, short_account):
    language, markup = text
    words = " ".join(Elements(markup).words.replace("\N{NO-BREAK SPACE}", " ").split())
    for outcome in short_account.outcomes:
        claim = outcome.claim
        reasons = [reason.to(language) for reason in outcome.conclusion.because if not re.search(r"`|\de|_", reason.to(language))]
        for said in (claim.title.to(language), claim.statement.to(language), outcome.conclusion.verdict.words.to(language), *reasons):
            assert said in words


def test_the_language_is_stated(text):
    language, markup = text
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in markup
    assert (short_outcome(4).claim.title.en in markup) == (language == "en")


def test_figures_hold_every_frame(text, short_account):
    blobs = re.findall(r'class="figure-data">(.*?)</script>', text[1], re.DOTALL)
    figures = [block for outcome in short_account.outcomes for block in outcome.claim.show(outcome.measured) if isinstance(block, Figure)]
    assert len(blobs) == len(figures)
    for blob, figure in zip(blobs, figures, strict=True):
        data = json.loads(blob)
        assert len(data["frames"]) == len(figure.settings)
        assert [len(panel["marks"]) for panel in data["panels"]] == [len(panel.marks) for panel in figure.panels]


def test_text_stays_text(short_account):
    @dataclasses.dataclass(frozen=True)
    class Hostile(InCodeClaim):
        title = Text(HOSTILE, HOSTILE)
        statement = Text(f"`{HOSTILE}`", HOSTILE)

    outcome = dataclasses.replace(short_outcome(9), claim=Hostile())
    markup = page(dataclasses.replace(short_account, outcomes=(outcome,)), "en")
    assert "<img" not in markup
    assert markup.count("<script>alert") == 0
    assert "{{ 7 * 7 }}" in markup


@pytest.mark.slow
def test_everything_takes_less_than_a_megabyte():
    whole = account([claim() for claim in all_claims()])
    for language in LANGUAGES:
        assert len(page(whole, language).encode()) < LARGEST


def test_a_saved_account_comes_back_as_it_was(tmp_path, short_account):
    path = tmp_path / "explain.json"
    path.write_bytes(dumps(short_account))
    loaded = load(str(path))
    assert [outcome.measured for outcome in loaded.outcomes] == [outcome.measured for outcome in short_account.outcomes]
    assert [outcome.conclusion for outcome in loaded.outcomes] == [outcome.conclusion for outcome in short_account.outcomes]
    assert (loaded.machine, loaded.seed, loaded.seconds) == (short_account.machine, short_account.seed, short_account.seconds)
    assert page(loaded, "en") == page(short_account, "en")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no measurements"),
        (b"{}", "holds no measurements"),
        (b'{"format": 1, "claims"', "holds no measurements"),
        (b"\xff\xfe", "holds no measurements"),
        (None, "cannot be read: no such file"),
    ],
)
def test_what_is_no_account_is_refused(tmp_path, content, message):
    path = tmp_path / "explain.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        load(str(path))


def test_an_account_of_another_format_is_refused(tmp_path, short_account):
    path = tmp_path / "explain.json"
    path.write_bytes(dumps(short_account).replace(b'"format":1', b'"format":2'))
    with pytest.raises(RecordingError, match="its format is 2, and this Reluctant reads 1"):
        load(str(path))


def test_figures_are_written_as_svg_and_png(tmp_path, short_account):
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    few = dataclasses.replace(short_account, outcomes=short_account.outcomes[2:4])
    written = write_figures(few, "en", tmp_path)
    assert sorted(path.name for path in written) == sorted(
        f"{name}.{suffix}" for name in ("3-relu", "4-flattening", "4-gradient-by-layer") for suffix in ("svg", "png")
    )
    for path in written:
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg")
        assert b"var(--" not in data, "a colour that a reader of SVG does not know"


def test_the_catalogues_formulas_are_written_in_javascript():
    offered = in_javascript()
    assert {"relu", "leaky_relu", "elu", "sigmoid", "tanh", "selu", "softplus", "silu", "mish", "hardtanh"} <= offered.keys()
    assert not {"prelu", "rrelu", "swiglu", "clamp"} & offered.keys()
    assert javascript(offered["leaky_relu"]) == ("((x > 0.0) ? x : (0.01 * x))", "((x > 0.0) ? 1.0 : 0.01)")
