"""Carrying a study out: the order of trials, halving, what is kept, and going on."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import replace

import pytest

from reluctant.errors import RecordingError, UsageError
from reluctant.numbers import duration
from reluctant.recording import Finding, NotJudged, Trial
from reluctant.studies import (
    UNTREATED,
    Arm,
    Ended,
    Found,
    Losses,
    PlannedTrial,
    Result,
    Study,
    conduct,
    due,
    job,
    load_study,
    result_of,
    resumed,
    save_study,
    seconds_in,
    stopped_early,
    trials_left,
)
from tests.studies.made_up import Made, learning, losses_by_arm, plan, recording


def nothing(study: Study) -> None:
    pass


def test_trials_come_seed_by_seed_with_the_untreated_one_first():
    executor = learning(losses_by_arm(untreated=1.0))
    conduct(Study(plan(("a",), seeds=3)), executor, nothing)
    assert executor.asked == [PlannedTrial(arm, seed) for seed in range(3) for arm in (UNTREATED, "a")]


def test_a_study_ends_when_every_trial_has_ended_and_is_kept_after_each():
    kept: list[int] = []
    study = conduct(Study(plan()), learning(losses_by_arm(untreated=1.0)), lambda study: kept.append(len(study.results)))
    assert due(study) == ()
    assert kept == list(range(1, 10))
    assert study.of("a")[2].losses.end == pytest.approx(1.0, abs=0.1)


def test_halving_stops_the_worse_arms_and_gives_the_best_and_the_untreated_all_seeds():
    means = {name: 0.1 * rank for rank, name in enumerate("abcdefgh")}
    executor = learning(losses_by_arm(untreated=1.0, **means))
    study = conduct(Study(plan(tuple("hgfedcba"), seeds=8, halving=True)), executor, nothing)
    assert {arm: len(study.of(arm)) for arm in "abcdefgh"} == {"a": 8, "b": 8, "c": 4, "d": 4, "e": 2, "f": 2, "g": 2, "h": 2}
    assert len(study.of(UNTREATED)) == 8
    assert stopped_early(study) == set("cdefgh")


def test_halving_takes_fewer_trials_than_all_seeds_for_all():
    executor = learning(losses_by_arm(untreated=1.0))
    conduct(Study(plan(tuple("abcdefgh"), seeds=8, halving=True)), executor, nothing)
    assert len(executor.asked) == 8 + 2 * 8 + 2 * 4 + 4 * 2


def test_each_group_of_arms_keeps_its_best():
    begun = plan(("a", "b", "c"), seeds=3, halving=True)
    grouped = replace(begun, arms=tuple(replace(arm, against=Found("RL201", line=2 if arm.name == "c" else 1)) for arm in begun.arms))
    study = conduct(Study(grouped), learning(losses_by_arm(untreated=1.0, a=0.1, b=0.2, c=1.9)), nothing)
    assert stopped_early(study) == {"b"}


def test_an_arm_that_takes_the_finding_away_is_kept_before_one_with_less_loss():
    dead = Finding("RL201", "dead-units", "error", "…", "train.py", 7)
    begun = plan(("lower", "free"), seeds=3, halving=True)
    against = replace(begun, arms=tuple(replace(arm, against=Found("RL201", file="train.py", line=7)) for arm in begun.arms))
    ends = {"lower": 0.1, "free": 0.5, UNTREATED: 1.0}

    def answer(asked):
        arm = asked.trial.arm
        return Ended(asked.trial, 0, 1.0, recording=recording(ends[arm], findings=[dead] * (arm != "free")))

    assert stopped_early(conduct(Study(against), Made(answer), nothing)) == {"lower"}


def test_of_arms_that_do_alike_the_earlier_is_kept():
    study = conduct(Study(plan(("second", "first"), seeds=3, halving=True)), learning(lambda trial: 0.5), nothing)
    assert stopped_early(study) == {"first"}


@pytest.mark.parametrize("halving", [False, True])
def test_an_arm_that_is_not_applied_gets_no_more_seeds(halving):
    def answer(asked):
        applied = asked.trial.arm != "a"
        written = recording(0.1) if applied else recording(0.1, trial=Trial(counts=False, why_not="no such place"))
        return Ended(asked.trial, 0, 1.0, recording=written)

    study = conduct(Study(plan(seeds=4, halving=halving)), Made(answer), nothing)
    assert len(study.of("a")) == 1
    assert len(study.of("b")) == 4


def test_an_arm_that_timed_out_once_is_given_another_chance():
    def answer(asked):
        if asked.trial == PlannedTrial("a", 0):
            return Ended(asked.trial, None, 9.0, timed_out=True)
        return Ended(asked.trial, 0, 1.0, recording=recording(1.0))

    study = conduct(Study(plan(seeds=4)), Made(answer), nothing)
    assert [result.counts for result in study.of("a").values()] == [False, True, True, True]


def test_a_script_that_fails_as_it_stands_is_not_tried_on():
    study = conduct(Study(plan()), Made(lambda asked: Ended(asked.trial, 1, 1.0, last_words="NameError: x")), nothing)
    assert len(study.results) == 3
    assert due(study) == ()


@pytest.mark.parametrize("halving", [False, True])
def test_the_trials_left_are_never_more_than_was_said(halving):
    lefts: list[int] = []
    begun = Study(plan(tuple("abcdefgh"), seeds=8, halving=halving))
    whole = conduct(begun, learning(losses_by_arm(untreated=1.0)), lambda study: lefts.append(trials_left(study)))
    assert trials_left(begun) == len(whole.results)
    assert lefts == list(range(len(whole.results) - 1, -1, -1))


def test_without_halving_no_arm_is_stopped():
    study = conduct(Study(plan(seeds=4)), learning(losses_by_arm(untreated=1.0, a=0.1)), nothing)
    assert stopped_early(study) == frozenset()


def test_an_interrupted_study_goes_on_where_it_was(tmp_path):
    file = tmp_path / "study.json"

    def interrupt(study: Study) -> None:
        save_study(study, file)
        if len(study.results) == 4:
            raise KeyboardInterrupt

    first = learning(losses_by_arm(untreated=1.0))
    with pytest.raises(KeyboardInterrupt):
        conduct(Study(plan()), first, interrupt)
    assert first.closed
    second = learning(losses_by_arm(untreated=1.0))
    gone_on = conduct(resumed(plan(), file), second, nothing)
    whole = conduct(Study(plan()), learning(losses_by_arm(untreated=1.0)), nothing)
    assert gone_on == whole
    assert [*first.asked, *second.asked] == [result.trial for result in whole.results]


def test_a_study_stops_at_its_time(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    study = conduct(Study(plan(seeds=50)), learning(lambda trial: 1.0), nothing, until=10)
    assert 0 < len(study.results) < 10
    assert due(study)


def test_a_study_comes_back_from_its_file_as_it_was(tmp_path):
    result = Result(
        PlannedTrial("a", 1),
        "failed",
        "",
        Losses((0, 5), (1.0, None)),
        5,
        0.25,
        (Found("RL201", "error", "t.py", 3, "fc1"),),
        ("RL404",),
        "…",
        kept_bytes=4096,
    )
    study = Study(plan(), (result,))
    save_study(study, tmp_path / "study.json")
    assert load_study(tmp_path / "study.json") == study


def test_a_study_from_before_a_field_came_is_read(tmp_path):
    file = tmp_path / "study.json"
    save_study(Study(plan(), (Result(PlannedTrial("a", 1), kept_bytes=4096),)), file)
    written = json.loads(file.read_text())
    del written["study"]["results"][0]["kept_bytes"]
    file.write_text(json.dumps(written))
    assert load_study(file) == Study(plan(), (Result(PlannedTrial("a", 1)),))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "other", "format": 1}', '{"kind": "study", "format": 1, "study": 3}', "\xff"])
def test_what_is_no_study_is_refused(tmp_path, text):
    (tmp_path / "other.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RecordingError, match=r"other\.json: this is no study"):
        load_study(tmp_path / "other.json")


def test_a_newer_study_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "new.json").write_text('{"kind": "study", "format": 2, "study": {}}')
    with pytest.raises(RecordingError, match="format 2"):
        load_study(tmp_path / "new.json")
    with pytest.raises(RecordingError, match="cannot be read"):
        load_study(tmp_path / "none.json")


def test_another_plan_is_not_gone_on_with_but_more_seeds_are(tmp_path):
    save_study(Study(plan(seeds=3)), tmp_path / "study.json")
    assert resumed(plan(seeds=5), tmp_path / "study.json").plan.seeds == 5
    with pytest.raises(UsageError, match="other arms"):
        resumed(plan(("a",)), tmp_path / "study.json")
    with pytest.raises(UsageError, match="other steps"):
        resumed(replace(plan(), steps=7), tmp_path / "study.json")
    with pytest.raises(UsageError, match="other seconds"):
        resumed(replace(plan(), seconds=7.0), tmp_path / "study.json")
    with pytest.raises(UsageError, match="has 3 seeds"):
        resumed(plan(seeds=2), tmp_path / "study.json")


def test_a_job_is_the_command_that_could_be_typed():
    wanted = replace(plan(), steps=40, arguments=("--epochs", "3"), time_limit=9.0)
    made = job(wanted, PlannedTrial("a", 2))
    assert made.time_limit == 9.0
    assert (
        " ".join(made.command[1:])
        == "-m reluctant run --quiet --no-live --no-open -o {output} --treat treatment:a --seed 2 --steps 40 train.py --epochs 3"
    )
    timed = " ".join(job(replace(wanted, seconds=90.0), PlannedTrial("a", 2)).command)
    assert "--steps 40 --seconds 90 train.py" in timed
    apart = job(replace(wanted, arms=(Arm("elu: a/b"),), working_folder="/tried"), PlannedTrial("elu: a/b", 2)).command
    assert apart[apart.index("--workdir") + 1 :][:2] == (os.path.join("/tried", "elu%3A a%2Fb-2"), "--force")
    assert job(replace(wanted, is_module=True), PlannedTrial(UNTREATED, 0)).command[-4:] == ("-m", "train.py", "--epochs", "3")
    assert "--treat" not in job(wanted, PlannedTrial(UNTREATED, 0)).command


def test_the_result_of_a_trial_that_went_well():
    finding = Finding("RL201", "dead-units", "error", "…", "train.py", 31, "fc1")
    result = result_of(Ended(PlannedTrial("a", 0), 0, 9.0, recording=recording(0.5, findings=[finding]), last_words="a warning"))
    assert (result.ending, result.counts, result.last_words) == ("ended", True, "")
    assert result.losses.end == pytest.approx(0.5)
    assert result.findings == (Found("RL201", "error", "train.py", 31, "fc1"),)
    assert result.step_ms == pytest.approx(10.0)
    assert result.kept_bytes == 4096


def test_a_script_that_fails_after_some_steps_ends_at_infinity():
    result = result_of(Ended(PlannedTrial("a", 0), 1, 9.0, recording=recording(0.5), last_words="ValueError: NaN"))
    assert (result.ending, result.counts, result.last_words) == ("failed", True, "ValueError: NaN")
    assert result.losses.end == math.inf


@pytest.mark.parametrize(
    ("ended", "ending", "why"),
    [
        (Ended(PlannedTrial("a", 0), 1, 1.0), "failed", "failed before its first step"),
        (Ended(PlannedTrial("a", 0), 1, 1.0, last_words="in line 3\nNameError: x"), "failed", "its first step (NameError: x)"),
        (Ended(PlannedTrial("a", 0), 0, 1.0), "ended", "no loss was seen"),
        (Ended(PlannedTrial("a", 0), None, 1.0, recording=recording(0.1)), "killed", "killed"),
        (Ended(PlannedTrial("a", 0), None, 1.0, timed_out=True), "timed out", "timed out"),
        (Ended(PlannedTrial("a", 0), 0, 1.0, recording=b"{"), "ended", "its recording cannot be read"),
        (Ended(PlannedTrial("a", 0), 0, 1.0, recording=recording(0.1, trial=Trial(counts=False, why_not="no place"))), "ended", "no place"),
    ],
)
def test_what_does_not_count_says_why(ended, ending, why):
    result = result_of(ended)
    assert result.ending == ending
    assert not result.counts
    assert why in result.why_not


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("45s", 45), ("10m", 600), ("1h30m", 5400), ("0.5 h", 1800), ("2M", 120)])
def test_lengths_of_time_are_read(text, seconds):
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "m", "10x", "-5m", "1:30", "ten"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(UsageError, match="no length of time"):
        seconds_in(text, "--budget")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (150, "2 min"), (4800, "1 h 20 min")])
def test_lengths_of_time_are_written(seconds, text):
    assert duration(seconds) == text


def test_a_rule_that_was_not_judged_is_noted():
    from reluctant.recording import Document, Recording, dumps

    written = dumps(Document(Recording(), (), (NotJudged("RL404", "unreachable-target", "no targets"),))).encode()
    assert result_of(Ended(PlannedTrial("a", 0), 0, 1.0, recording=written)).not_judged == ("RL404",)
