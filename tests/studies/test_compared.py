"""What is said of the arms of a study, on studies that are made up."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from reluctant.recording import Curve, LossPoint, dumps, loads
from reluctant.studies import UNTREATED, Compared, Ended, PlannedTrial, Study, compared, conduct, stopped_early
from tests.studies.made_up import Made, learning, losses_by_arm, plan, recording


def nothing(study: Study) -> None:
    pass


def shown(means: dict[str, float], seeds: int = 5, halving: bool = False) -> dict[str, Compared]:
    arms = tuple(name for name in means if name != "untreated")
    study = conduct(Study(plan(arms, seeds, halving)), learning(losses_by_arm(**means)), nothing)
    return {found.arm: found for found in compared(study)}


def test_better_worse_and_neither():
    found = shown({"untreated": 1.0, "good": 0.2, "bad": 1.9, "alike": 1.0})
    assert {name: arm.answer for name, arm in found.items() if name != UNTREATED} == {
        "good": "better",
        "bad": "worse",
        "alike": "no difference shown",
    }
    assert list(found) == [UNTREATED, "good", "bad", "alike"]
    assert found["good"].difference.mean == pytest.approx(-0.8, abs=0.02)
    low, high = found["good"].interval
    assert low < found["good"].difference.mean < high < 0
    assert found["good"].end == pytest.approx(0.2, abs=0.02)


def test_the_untreated_script_is_compared_with_nothing():
    untreated = shown({"untreated": 1.0, "a": 0.5})[UNTREATED]
    assert untreated.difference.differences == ()
    assert untreated.interval is None
    assert untreated.counted == 5


def test_area_and_steps_to_where_the_untreated_script_ends():
    found = shown({"untreated": 1.0, "good": 0.1})
    assert found["good"].area < found[UNTREATED].area
    assert found["good"].steps_to < found[UNTREATED].steps_to
    assert found["good"].step_ms == pytest.approx(10.0)


def test_the_most_bytes_that_an_arm_kept_and_none_where_a_trial_could_not_count_them():
    made = conduct(Study(plan(("a",), 5)), learning(losses_by_arm(untreated=1.0, a=0.5)), nothing)
    kept = {UNTREATED: {0: 10, 1: 30, 2: 20}, "a": {0: 10, 1: None, 2: 20}}
    results = tuple(replace(one, kept_bytes=kept[one.trial.arm].get(one.trial.seed, 0)) for one in made.results)
    found = {arm.arm: arm.kept_bytes for arm in compared(replace(made, results=results))}
    assert found == {UNTREATED: 30, "a": None}
    uncounted = tuple(replace(one, why_not="timed out") if one.kept_bytes is None else one for one in results)
    assert {arm.arm: arm.kept_bytes for arm in compared(replace(made, results=uncounted))}["a"] == 20


def test_an_arm_that_never_reaches_it_says_so():
    assert shown({"untreated": 0.5, "bad": 1.5})["bad"].steps_to == math.inf


def test_one_arm_is_tested_at_the_full_level_and_more_share_it():
    assert shown({"untreated": 1.0, "a": 0.5})["a"].level == 0.05
    many = shown({"untreated": 1.0, **dict.fromkeys("abcd", 1.0)})
    assert {many[name].level for name in "abcd"} == {0.05 / 4}


def test_what_was_stopped_early_is_no_better_and_no_worse_but_is_corrected_for():
    found = shown({"untreated": 1.0, "a": 0.1, "b": 0.2, "c": 2.0, "d": 2.0}, seeds=4, halving=True)
    assert found["c"].answer == "no difference shown"
    assert found["c"].note == "stopped after 2 seeds, because others did better"
    assert found["a"].answer == "better"
    assert found["a"].level == 0.05 / 4


def test_no_arm_of_an_interrupted_study_counts_as_stopped():
    begun = Study(plan(tuple("abcd"), 4, halving=True))
    whole = conduct(begun, learning(losses_by_arm(untreated=1.0, a=0.1, b=0.2)), nothing)
    half = Study(whole.plan, whole.results[:8])
    assert stopped_early(half) == frozenset()
    assert stopped_early(whole) == {"c", "d"}


def test_false_alarms_of_whole_studies_with_halving_come_at_most_at_the_promised_rate():
    alarms, studies = 0, 400
    for number in range(studies):
        draw = random.Random(number)
        study = conduct(Study(plan(tuple("abcd"), 4, halving=True)), learning(lambda trial: draw.gauss(1.0, 0.1)), nothing)  # noqa: B023
        alarms += any(found.answer != "no difference shown" for found in compared(study))
    assert alarms / studies <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


def test_diverged_and_failed_trials_count_as_the_worst_and_are_told():
    def answer(job):
        if job.trial.arm == "fails":
            return Ended(job.trial, 1, 1.0, recording=recording(0.1), last_words="ValueError")
        return Ended(job.trial, 0, 1.0, recording=recording(math.nan if job.trial.arm == "diverges" else 0.5 + job.trial.seed / 100))

    found = {one.arm: one for one in compared(conduct(Study(plan(("fails", "diverges"), 5)), Made(answer), nothing))}
    assert found["fails"].answer == found["diverges"].answer == "worse"
    assert found["fails"].note == "5 of 5 ended with an error"
    assert found["diverges"].note == "5 of 5 diverged"
    assert found["diverges"].end == pytest.approx(2.3)


def test_a_pair_of_which_one_is_missing_is_left_out():
    def answer(job):
        if job.trial == PlannedTrial("a", 1):
            return Ended(job.trial, None, 9.0, timed_out=True)
        return Ended(job.trial, 0, 1.0, recording=recording(0.1 if job.trial.arm == "a" else 1.0))

    (_, found) = compared(conduct(Study(plan(("a",), 4)), Made(answer), nothing))
    assert found.difference.differences == pytest.approx((-0.9, -0.9, -0.9))
    assert (found.counted, found.answer, found.note) == (3, "better", "1 of 4 not counted: timed out")


def test_too_few_pairs_are_told():
    assert shown({"untreated": 1.0, "a": 0.1}, seeds=2)["a"].note == "fewer than 3 pairs show nothing"


def test_a_study_without_results_shows_nothing():
    found = compared(Study(plan()))
    assert [one.counted for one in found] == [0, 0, 0]
    assert {one.answer for one in found} == {"no difference shown"}
    assert {one.end for one in found} == {None}


def test_where_more_is_better_numbers_come_as_they_were_printed():
    means = {"untreated": 0.6, "good": 0.9, "bad": 0.2}

    def answer(job):
        accuracy = losses_by_arm(**means)(job.trial)
        points = tuple(LossPoint(step, accuracy * step / 9, 0.0, 1.0) for step in range(10))
        document = loads(recording(1.0))
        trial = replace(document.recording.trial, goal="max", curves=(Curve("metric", "accuracy", points=points),))
        written = dumps(replace(document, recording=replace(document.recording, trial=trial))).encode()
        return Ended(job.trial, 0, 1.0, recording=written)

    asked = replace(plan(("good", "bad"), 5), by="metric", metric="accuracy (.*)", goal="max")
    found = {arm.arm: arm for arm in compared(conduct(Study(asked), Made(answer), nothing))}
    assert (found["good"].answer, found["bad"].answer) == ("better", "worse")
    assert found["good"].end == pytest.approx(0.9, abs=0.02)
    assert found["good"].difference.mean == pytest.approx(0.3, abs=0.02)
    low, high = found["good"].interval
    assert 0 < low < found["good"].difference.mean < high
