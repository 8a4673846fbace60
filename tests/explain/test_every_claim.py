"""What must hold for every claim that discovery finds: a new claim adds rows here, never a file."""

from __future__ import annotations

import dataclasses
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from rich.cells import cell_len

import reluctant.explain
from reluctant.explain import LANGUAGES, ClaimCase, ClaimVerdict, Figure, Listing, Outcome, Text, all_claims, get, in_full, summary
from reluctant.explain._account import measured
from reluctant.figures import script_data, standalone, translation
from tests.explain.conftest import short_outcome

OURS = [claim for claim in all_claims() if claim.__module__.startswith("reluctant.")]
every = pytest.mark.parametrize("claim", OURS, ids=lambda claim: claim.claim_name())
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def module_of(claim: Any) -> str:
    return str(claim.__module__).rpartition(".")[2]


def cases_of(claim: Any) -> list[ClaimCase[Any]]:
    return list(claim.cases(short_outcome(claim.number).measured))


@every
def test_a_file_is_named_after_the_claim_it_holds(claim):
    assert module_of(claim) == claim.claim_name().replace("-", "_")
    assert get(str(claim.number)) is get(claim.claim_name().upper()) is claim


@every
def test_it_shows_the_effect_in_its_short_form(claim):
    missed = [what for what, shown in claim.expected(short_outcome(claim.number).measured).items() if not shown]
    assert not missed


@every
def test_the_verdict_follows_from_the_numbers(claim):
    cases = cases_of(claim)
    for case in cases:
        assert claim.short().judge(case.measured).verdict is case.verdict, case.name
    assert {case.verdict for case in cases} >= {ClaimVerdict.HOLDS, ClaimVerdict.NOT_HERE}


@every
def test_nothing_is_measured_but_by_measuring(claim):
    """The same seed gives the same numbers, and another seed others where anything is random, times apart."""
    first, other = (without_times(claim, short_outcome(claim.number, seed).measured) for seed in (0, 1000))
    repeated = without_times(claim, measured(claim.short()).measured)
    assert first == repeated
    assert claim.seeded == any(getattr(first, name) != getattr(other, name) for name in vars(first) if "seed" not in name)


def without_times(claim: Any, found: Any) -> Any:
    return dataclasses.replace(found, **dict.fromkeys(claim.timed, ()))


@every
def test_a_saved_measurement_comes_back_as_it_was(claim):
    found = short_outcome(claim.number).measured
    assert msgspec.json.decode(msgspec.json.encode(found), type=claim.measurement) == found


def outcomes(claim: Any) -> Iterator[Outcome]:
    """The claim with what was measured, and with every made-up measurement."""
    outcome = short_outcome(claim.number)
    yield outcome
    for case in cases_of(claim):
        yield dataclasses.replace(outcome, measured=case.measured)


def texts(value: Any) -> Iterator[Text]:
    """Every piece of prose in some data."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from texts(part)
    elif dataclasses.is_dataclass(value):
        for entry in dataclasses.fields(value):
            yield from texts(getattr(value, entry.name))


def prose_of(outcome: Outcome) -> list[Text]:
    claim, found = outcome.claim, outcome.measured
    fixed = [claim.title, claim.statement, claim.experiment, claim.verdict_rule]
    return [*fixed, *outcome.conclusion.because, claim.evidence(found), *texts(list(claim.show(found)))]


NUMBER = re.compile(r"[−-]?\d[\d,.]*(?:e[−-]?\d+)?|[⅓½]")


def numbers(text: str) -> Counter[str]:
    return Counter(found.rstrip(".,") for found in NUMBER.findall(text))


@every
def test_both_languages_say_the_same(claim):
    """Each text stands in both languages, in each its own, and with the same numbers."""
    for outcome in outcomes(claim):
        for text in prose_of(outcome):
            assert not CHINESE.search(text.en), text.en
            assert numbers(text.en) == numbers(text.zh), f"{text.en}\n{text.zh}"
            if re.search(r"[a-z]{4}", text.en) and text.en != text.zh:
                assert CHINESE.search(text.zh), text.zh
            assert bool(text.en.strip()) == bool(text.zh.strip())
            assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}", text.zh), f"left in English: {text.zh}"


@every
def test_prose_is_finished(claim):
    for outcome in outcomes(claim):
        for text in prose_of(outcome):
            for language in LANGUAGES:
                assert not re.search(r"\bnan\b|None|\binf\b|  |\{|\}", translation(text, language)), translation(text, language)
        for reason in outcome.conclusion.because:
            assert reason.en.endswith(".")
            assert reason.zh.endswith("。")


def figures_of(outcome: Outcome) -> list[Figure]:
    return [block for block in outcome.claim.show(outcome.measured) if isinstance(block, Figure)]


@every
@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_drawn_and_described(claim, language):
    for outcome in outcomes(claim):
        figures = figures_of(outcome)
        assert len({figure.name for figure in figures}) == len(figures)
        for figure in figures:
            root = ElementTree.fromstring(standalone(figure, language))
            title, description = root[0], root[1]
            assert (title.text, description.text) == (translation(figure.title, language), translation(figure.alt, language))
            assert len(description.text or "") > 20
            drawn = [part.get("d") or "" for part in root.iter("{http://www.w3.org/2000/svg}path")]
            assert any(drawn)
            assert not [path for path in drawn if re.search(r"nan|inf", path)]


@every
def test_figures_start_where_their_sliders_stand(claim):
    for figure in figures_of(short_outcome(claim.number)):
        if figure.sliders:
            assert figure.settings[figure.start].panels == figure.panels
            data = script_data(figure, "en", "slope")
            assert data["frames"][figure.start]["marks"] is None
            shapes = {tuple(tuple(type(mark) for mark in panel.marks) for panel in setting.panels) for setting in figure.settings}
            assert len(shapes) == 1, "every position draws the same kinds of marks"


@every
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 100])
def test_it_fits_a_terminal(claim, language, width):
    outcome = short_outcome(claim.number)
    for form in (in_full, summary):
        lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in form(outcome, language, width)]
        assert translation(claim.title, language) in lines[0]
        assert translation(outcome.conclusion.verdict.words, language) in lines[0]
        code = {
            f"    {line}".rstrip()
            for block in outcome.claim.show(outcome.measured)
            if isinstance(block, Listing)
            for line in block.code.split("\n")
        }
        assert not [line for line in lines[1:] if cell_len(line) > width and line not in code and not re.match(r"^[\s▀▄█]*$", line)]
        assert not [line for line in lines if line != line.rstrip()]


def test_the_account_is_complete():
    assert [claim.number for claim in OURS] == list(range(1, len(OURS) + 1))
    files = {info.name for info in pkgutil.iter_modules(reluctant.explain.__path__) if not info.name.startswith("_")}
    assert files == {module_of(claim) for claim in OURS}
