"""The report of a study, in every form: what it comes to, what it leaves out, and whatever names are in it."""

from __future__ import annotations

import json
import math
import re
import shlex
import unicodedata
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from click.testing import CliRunner

from reluctant.cli import commands
from reluctant.report import Renderer, renderer_for, renderers
from reluctant.report._study import study_outline, study_pictures
from reluctant.report.html import Html
from reluctant.report.terminal import Terminal
from reluctant.studies import UNTREATED, Arm, Found, Study, compared, load_study
from tests import recordings
from tests.report import studies
from tests.report.studies import STUDIES
from tests.report.test_html import HOSTILE, Page, structure

STUDY_FORMS = [form for form in renderers().values() if form.render_study is not Renderer.render_study]


def page(study: Study) -> str:
    return Html(source="study.json").render_study(study)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("renderer", STUDY_FORMS, ids=lambda renderer: renderer.name)
def test_every_form_renders_every_study(renderer: type[Renderer], name: str) -> None:
    text = renderer(source="study.json").render_study(STUDIES[name])
    assert text.endswith("\n")
    assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"]


@pytest.mark.parametrize("renderer", [form for form in STUDY_FORMS if form.name != "json"], ids=lambda renderer: renderer.name)
def test_every_form_says_what_the_study_comes_to(renderer: type[Renderer]) -> None:
    text = " ".join(renderer().render_study(studies.troubled()).replace("\\", "").split())
    for said in ("gelu", "2 of 5 not counted: timed out; killed", "no activation was called", "1 of 5 ended with an error", "not tried"):
        assert said in text


@pytest.mark.parametrize(
    ("study", "kind", "said"),
    [
        (
            studies.answered(),
            "clear",
            r"2 of 5 activations are better than the script as it stands; gelu ends lowest, lower by 0\.[34]\d*\.",
        ),
        (
            studies.study({UNTREATED: 1.0, "elu": 0.5}),
            "clear",
            r"elu is better than the script as it stands: its loss ends lower by 0\.\d+\.",
        ),
        (STUDIES["worse"], "warning", "No activation is shown to be better than the script as it stands; elu is worse."),
        (STUDIES["no-difference"], "nothing", "No difference shown: 5 seeds do not tell elu from the script as it stands."),
        (STUDIES["interrupted"], "nothing", "Nothing is shown yet: 2 pairs of trials, and fewer than 3 show nothing."),
        (
            STUDIES["failing"],
            "nothing",
            r"As it stands the script gives nothing to compare: failed before its first step \(NameError: x\)\.",
        ),
        (STUDIES["empty"], "nothing", "The time was over before the script had run once as it stands."),
        (
            studies.study({UNTREATED: 1.0, "elu": 1.0, "gelu": 1.0}),
            "nothing",
            "No difference shown: 5 seeds do not tell any of 2 activations from the script as it stands.",
        ),
    ],
)
def test_the_answer_is_that_of_the_statistics(study: Study, kind: str, said: str) -> None:
    verdict = study_outline(study).verdict
    assert verdict.kind == kind
    assert re.fullmatch(said, verdict.sentence)


def test_arms_that_are_tried_against_a_finding_are_treatments() -> None:
    made = studies.study({UNTREATED: 1.0, "elu": 1.0})
    against = replace(made.plan, arms=(Arm("elu", ("swap-activation:elu@3",), Found("RL201", file="train.py", line=3)),))
    outline = study_outline(Study(against, made.results))
    assert outline.noun == "treatment"
    assert outline.verdict.sentence == "No difference shown: 5 seeds do not tell elu from the script as it stands."


def test_of_a_metric_the_most_is_best() -> None:
    study = studies.by_metric()
    outline, found = study_outline(study), {arm.arm: arm for arm in compared(study)}
    assert re.fullmatch(r"gelu is better than the script as it stands: its metric ends higher by 0\.1\d+\.", outline.verdict.sentence)
    assert [row.name for row in outline.ranking.rows] == sorted(found, key=lambda name: -found[name].end)
    assert {row.name: row.answer for row in outline.ranking.rows}["sigmoid"] == "worse"
    assert outline.ranking.measures[0].title == "end metric"
    facts = dict(outline.facts)
    assert "logarithm" not in facts["test"]
    assert facts["compared by"].endswith("; more is better")
    assert re.fullmatch(
        r"a metric below 0\.(09|1)\d*, the level at which trials began, or none at all counts as that", facts["worst level"]
    )
    forest, curves = study_pictures(study, outline)
    assert forest.alt.endswith("Above 0 is better.")
    assert forest.title.startswith("End metric less")
    assert curves.title == "Mean metric over 5 seeds"
    assert float(re.search(r"gelu ([-\d.]+)", curves.alt).group(1)) == pytest.approx(found["gelu"].end, abs=0.06)  # type: ignore[union-attr]
    for text in (page(study), Terminal(width=120).render_study(study), renderer_for("x.md")().render_study(study)):
        assert "loss" not in text.replace("loss_curve", "").split("<main")[-1]
        assert "above 0 is better" in text


def test_of_a_validation_loss_it_is_said_so() -> None:
    study = studies.by_validation()
    outline = study_outline(study)
    assert outline.verdict.sentence.startswith("elu is better than the script as it stands: its validation loss ends lower by 0.")
    assert "logarithm of the ratio of the validation loss" in dict(outline.facts)["test"]
    assert outline.ranking.measures[0].title == "end val loss"
    assert outline.ranking.measures[0].meaning == "mean validation loss over the last tenth of the trial"
    for text in (page(study), Terminal(width=80).render_study(study), renderer_for("x.md")().render_study(study)):
        assert "end val loss" in text
        assert "end loss" not in text
    assert "the lowest validation loss first" in page(study)


def test_seeds_are_drawn_on_the_scale_of_their_interval() -> None:
    study = studies.answered()
    forest, _ = study_pictures(study, study_outline(study))
    found = {arm.arm: arm for arm in compared(study)}
    for name, mean, _, _, by_seed, _ in forest.rows:
        seeds = [float(number) for number in by_seed.split(", ")]
        assert min(seeds) <= float(mean) <= max(seeds)
        base = found[name].difference.base
        ratios = [math.log1p(seed / base) for seed in seeds]
        assert ratios == pytest.approx(found[name].difference.ratios, abs=0.02)


def test_what_was_drawn_at_random_claims_nothing() -> None:
    outline = study_outline(studies.with_drawn())
    assert outline.verdict.sentence.startswith("elu is better than the script as it stands: its loss ends lower by 0.")
    assert "Drawn at random, to compare the others with: swish, tanh; better: 1 of 2." in outline.notes
    assert dict(outline.facts)["level"] == (
        "5 % for the whole table, shared among 2 treatments by Holm's procedure, and likewise among those that were drawn at random"
    )
    assert sorted(row.name for row in outline.ranking.rows if row.drawn) == ["swish", "tanh"]
    assert page(studies.with_drawn()).count("drawn at random</span>") == 2
    forest, curves = study_pictures(studies.with_drawn(), outline)
    assert [row[0] for row in forest.rows] == ["swish (random)", "elu", "tanh (random)", "gelu"]
    assert "swish (random)" in forest.alt
    assert "swish (random)" in curves.alt
    elu = next(row.measured[0] for row in outline.ranking.rows if row.name == "elu")
    assert dict(outline.figures)["end loss, as it stands → lowest"].endswith(f"→ {elu}")
    assert "swish (random)" in Terminal(width=100).render_study(studies.with_drawn())
    assert "swish (random)" in renderer_for("x.md")().render_study(studies.with_drawn()).replace("\\", "")


def test_what_was_drawn_at_random_is_no_answer_where_nothing_else_was_tried() -> None:
    study = studies.with_drawn()
    only = Study(study.plan, tuple(result for result in study.results if result.trial.arm not in ("elu", "gelu")))
    outline = study_outline(only)
    assert outline.verdict.sentence.startswith("No treatment was tried")
    assert outline.badge == "nothing to compare"
    assert dict(outline.facts)["level"] == "5 % for those that were drawn at random, shared among them by Holm's procedure"


def test_the_ranking_has_the_numbers_that_were_compared() -> None:
    study = studies.answered()
    outline, found = study_outline(study), {arm.arm: arm for arm in compared(study)}
    rows = outline.ranking.rows
    assert [row.name for row in rows] == sorted(found, key=lambda name: found[name].end)
    assert {row.name: row.answer for row in rows if row.answer} == {name: arm.answer for name, arm in found.items() if name != UNTREATED}
    for row in rows:
        assert float(row.measured[0]) == pytest.approx(found[row.name].end, rel=0.01)
    (sigmoid,) = (row for row in rows if row.name == "sigmoid")
    assert sigmoid.measured[2] == "never"
    (gelu,) = (row for row in rows if row.name == "gelu")
    low, high = (float(end) for end in gelu.interval.split(" to "))
    assert (low, high) == (pytest.approx(found["gelu"].interval[0], rel=0.01), pytest.approx(found["gelu"].interval[1], rel=0.01))
    assert gelu.level == f"{100 - 100 * found['gelu'].level:.3g} %"


def test_what_no_arm_was_measured_by_has_no_column() -> None:
    study = studies.answered()
    without_steps = Study(study.plan, tuple(replace(result, steps=0) for result in study.results))
    assert "ms/step" in [measure.title for measure in study_outline(study).ranking.measures]
    assert "ms/step" not in [measure.title for measure in study_outline(without_steps).ranking.measures]


@pytest.mark.parametrize("form", ["txt", "md", "html"])
def test_kept_bytes_have_a_column_where_they_were_counted(form: str) -> None:
    study = studies.answered()
    rows = {row.name: row.measured for row in study_outline(study).ranking.rows}
    assert [rows[name][3] for name in ("as it stands", "relu", "gelu")] == ["1.25", "1.25", "2.5"]
    uncounted = Study(study.plan, tuple(replace(result, kept_bytes=None) for result in study.results))
    one = Study(study.plan, tuple(replace(result, kept_bytes=None) if result.trial.seed == 2 else result for result in study.results))
    for made, there in ((study, True), (uncounted, False), (one, False)):
        assert ("kept MB" in renderer_for(f"x.{form}")().render_study(made)) == there
    shown = json.loads(renderer_for("x.json")().render_study(study))["shown"]
    assert {arm["arm"]: arm["kept_bytes"] for arm in shown}["gelu"] == 2_500_000


def test_differences_are_drawn_around_zero_with_a_point_for_each_seed() -> None:
    study = studies.answered()
    forest, _ = study_pictures(study, study_outline(study))
    found = {arm.arm: arm for arm in compared(study)}
    dots = [element.get("d", "") for element in forest.svg.iter("path") if "dots" in element.get("class", "")]
    assert [d.count("M") for d in dots] == [5] * 5
    (zero,) = (element.get("d", "") for element in forest.svg.iter("path") if element.get("class") == "guide")
    at = float(zero.split()[0][1:])
    rows = {row[0]: row for row in forest.rows}
    for name, arm in found.items():
        if name != UNTREATED:
            assert rows[name][5] == arm.answer
            assert rows[name][4].count(",") == 4
    lines = [element.get("d", "") for element in forest.svg.iter("path") if element.get("class", "").startswith("line c")]
    first = [tuple(map(float, re.match(r"M([\d.]+) [\d.]+H([\d.]+)", d).groups())) for d in lines]  # type: ignore[union-attr]
    sides = [row[5] for row in forest.rows]
    for (start, end), answer in zip(first, sides, strict=True):
        assert (end < at, start > at) == (answer == "better", answer == "worse")


def test_the_best_arms_have_curves_of_their_own_colour_beside_the_script() -> None:
    study = studies.many()
    outline = study_outline(study)
    _, curves = study_pictures(study, outline)
    lines = [element for element in curves.svg.iter("path") if element.get("data-label")]
    assert lines[0].get("data-label") == UNTREATED
    assert len({element.get("class") for element in lines}) == len(lines) == 9
    assert "6 arms that ended higher are not drawn" in curves.alt
    assert [row.colour for row in outline.ranking.rows if row.name == UNTREATED] == [0]


def test_the_command_of_an_arm_is_the_trial_that_was_run() -> None:
    study = studies.answered()
    commands_by_name = dict(study_outline(study).commands)
    assert shlex.split(commands_by_name["leaky_relu(0.1)"]) == [
        "reluctant", "run", "--treat", "swap-activation:leaky_relu(0.1)", "--steps", "600", "train.py", "--epochs", "3",
    ]  # fmt: skip
    assert commands_by_name[UNTREATED] == "reluctant run --steps 600 train.py --epochs 3"
    timed = Study(replace(study.plan, steps=None, seconds=90.0))
    assert dict(study_outline(timed).commands)[UNTREATED] == "reluctant run --seconds 90 train.py --epochs 3"
    assert dict(study_outline(timed).facts)["a trial"] == "90 s"
    assert "reluctant run --steps 9 -m package.train" in dict(
        study_outline(Study(replace(study.plan, script="package.train", is_module=True, arguments=(), steps=9))).commands
    ).values()  # fmt: skip


def test_how_it_was_measured_is_told() -> None:
    facts = dict(study_outline(studies.troubled()).facts)
    assert facts["trials"].startswith("16 run, 13 counted, ")
    assert facts["level"] == "5 % for the whole table, shared among 2 activations by Holm's procedure"
    assert facts["seeds"] == "5: the script's own, each raised by 0 to 4"
    assert "2.3" in facts["worst level"]


def test_a_failure_has_its_last_words() -> None:
    text = page(studies.troubled())
    assert "seed 1 failed, counted as the worst level" in text
    assert "FloatingPointError: NaN" in text
    assert "seed 2 timed out, not counted" in text


def test_trials_that_did_not_run_are_told() -> None:
    assert "14 trials did not run for want of time." in study_outline(STUDIES["interrupted"]).notes


def test_json_is_a_study_that_can_be_gone_on_with(tmp_path) -> None:
    study = studies.troubled()
    text = renderer_for("x.json")().render_study(study)
    (tmp_path / "x.json").write_text(text)
    assert load_study(tmp_path / "x.json") == study
    shown = {arm["arm"]: arm for arm in json.loads(text)["shown"]}
    assert shown["gelu"]["answer"] == {arm.arm: arm.answer for arm in compared(study)}["gelu"]
    assert msgspec.json.decode(text)["kind"] == "study"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", STUDIES)
def test_the_terminal_keeps_within_its_width(name: str, width: int) -> None:
    text = Terminal(width=width).render_study(STUDIES[name])
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_narrow_terminal_has_further_tables_and_the_answer_in_the_first(width: int) -> None:
    text = Terminal(width=width).render_study(studies.answered())
    heads = [line for line in text.splitlines() if line.startswith("activation ")]
    assert len(heads) == {40: 5, 60: 3, 80: 2, 120: 1}[width]
    assert [head.endswith("  shown") for head in heads] == [True] + [False] * (len(heads) - 1)
    assert text.count("no difference shown") == 2
    titles = ["activation", "end loss", "area", "steps to", "kept MB", "ms/step", "difference", "interval", "shown"]
    assert sorted(title for head in heads for title in re.split(r" {2,}", head)) == sorted(titles + ["activation"] * (len(heads) - 1))


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_is_whole(name: str) -> None:
    read = Page(page(STUDIES[name]))
    ids = read.ids()
    assert len(set(ids)) == len(ids)
    for tag, attributes in read.elements:
        for attribute in ("aria-labelledby", "href"):
            target = attributes.get(attribute, "")
            assert attribute not in attributes or target.removeprefix("#") in ids or target.startswith("data:")
        assert tag not in ("iframe", "object", "embed", "base", "form", "img")
        assert not [attribute for attribute in attributes if attribute.startswith("on")]
        assert "src" not in attributes
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", [*HOSTILE, *recordings.HOSTILE_TEXTS])
def test_no_name_becomes_markup(name: str) -> None:
    plain, hostile = page(studies.named("name")), page(studies.named(name))
    assert set(structure(hostile)) <= set(structure(plain))
    assert hostile.count("<script") == plain.count("<script")
    for letter in ("\x1b", "\x00", "‮"):
        assert letter not in hostile
    hostile.encode()


@pytest.mark.parametrize("name", [*HOSTILE, *recordings.HOSTILE_TEXTS])
def test_no_name_acts_on_a_terminal_or_in_markdown(name: str) -> None:
    study = studies.named(name)
    text = Terminal(colour=True).render_study(study)
    assert "\x1b[2J" not in text
    assert "‮" not in text
    markdown = renderer_for("x.md")().render_study(study)
    assert "<script" not in re.sub(r"`+[^`\n]+`+", "", markdown).replace(r"\<script", "")
    assert len([line for line in markdown.splitlines() if line.startswith("| ")]) == 3


def test_help_names_the_forms() -> None:
    text = " ".join(CliRunner().invoke(commands, ["compare", "--help"]).output.split())
    assert "in the form of its suffix: a page, Markdown, JSON" in text
