"""Verdicts on a treatment against a finding, on studies that are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reluctant.errors import UnknownNameError
from reluctant.recording import (
    Curve,
    Document,
    Finding,
    Layer,
    Location,
    LossPoint,
    NotJudged,
    ProposedTreatment,
    Recording,
    Site,
    Trial,
    dumps,
    loads,
)
from reluctant.studies import Ended, Job, PlannedTrial, Study, arm_against, compared, conduct, judged
from tests.studies.made_up import Made, plan, recording

DEAD = Finding("RL201", "dead-units", "error", "…", "/home/ada/train.py", 31, "fc1")
OTHER = Finding("RL203", "saturated-units", "warning", "…", "/home/ada/train.py", 40, "fc2")
CURE = ProposedTreatment("lower-learning-rate", "0.1")


def verdict(
    treated_loss: float = 0.2,
    before: Callable[[PlannedTrial], bool] = lambda trial: True,
    after: Callable[[PlannedTrial], bool] = lambda trial: False,
    harms_loss: bool = True,
    seeds: int = 4,
    ended: Callable[[Job, bytes], Ended] = lambda job, written: Ended(job.trial, 0, 1.0, recording=written),
    new: tuple[Finding, ...] = (),
) -> ProposedTreatment:
    def answer(job: Job) -> Ended:
        treated = job.trial.arm == "cure"
        there = (after if treated else before)(job.trial)
        written = recording((treated_loss if treated else 1.0) + job.trial.seed / 1000, findings=[DEAD] * there + [*new] * treated)
        return ended(job, written)

    study = conduct(Study(plan(("cure",), seeds)), Made(answer), lambda study: None)
    return judged(CURE, DEAD, compared(study)[1], study, harms_loss)


def test_better_and_gone_on_every_seed_is_verified():
    found = verdict()
    assert (found.verdict, found.trials) == ("verified", 4)
    assert (found.comparison.seeds, found.comparison.finding_gone) == (4, 4)
    assert found.comparison.low <= found.comparison.difference <= found.comparison.high < 0
    assert found.comparison.note == ""
    assert found.comparison.treated.mean[-1] == pytest.approx(0.2, abs=0.01)
    assert found.comparison.untreated.mean[-1] == pytest.approx(1.0, abs=0.01)


def test_better_with_the_finding_left_on_one_seed_is_better_only():
    found = verdict(after=lambda trial: trial.seed == 2)
    assert found.verdict == "better"
    assert found.comparison.finding_gone == 3


def test_a_finding_that_is_gone_without_a_better_loss_is_not_verified():
    assert verdict(treated_loss=1.0).verdict == "no difference shown"
    assert verdict(treated_loss=1.5).verdict == "worse"


def test_where_the_harm_is_not_in_the_loss_it_must_only_not_get_worse():
    assert verdict(treated_loss=1.0, harms_loss=False).verdict == "verified"
    assert verdict(treated_loss=1.5, harms_loss=False).verdict == "worse"
    assert verdict(treated_loss=1.0, after=lambda trial: True, harms_loss=False).verdict == "no difference shown"


def test_what_was_stopped_early_is_not_verified_as_not_worse():
    def answer(job: Job) -> Ended:
        cured = job.trial.arm == "cure"
        written = recording(0.1 if job.trial.arm == "a" else 1.0 + job.trial.seed / 1000, findings=[] if cured else [DEAD])
        return Ended(job.trial, 0, 1.0, recording=written)

    study = conduct(Study(plan(("a", "b", "cure"), 8, halving=True)), Made(answer), lambda study: None)
    assert len(study.of("cure")) < 8
    assert judged(CURE, DEAD, compared(study)[3], study, harms_loss=False).verdict == "no difference shown"


def test_a_failure_that_does_not_show_again_makes_it_inconclusive():
    found = verdict(before=lambda trial: trial.seed == 0)
    assert found.verdict == "inconclusive"
    assert found.comparison.note == "Without the treatment the finding was there on 1 of 4 seeds only."


def test_verified_asks_for_three_seeds_on_which_the_finding_was_there():
    assert verdict(before=lambda trial: trial.seed < 2).verdict == "better"
    assert verdict(before=lambda trial: trial.seed < 3).verdict == "verified"
    assert verdict(seeds=2).verdict == "no difference shown"


def test_what_was_not_looked_for_is_not_gone():
    def ended(job: Job, written: bytes) -> Ended:
        document = loads(written)
        unsure = Document(document.recording, document.findings, (NotJudged("RL201", "dead-units", "too few samples"),))
        return Ended(job.trial, 0, 1.0, recording=dumps(unsure).encode() if job.trial.arm == "cure" else written)

    found = verdict(ended=ended)
    assert (found.verdict, found.comparison.finding_gone) == ("better", 0)


def test_a_treatment_under_which_the_script_fails_cures_nothing():
    def ended(job: Job, written: bytes) -> Ended:
        return Ended(job.trial, int(job.trial.arm == "cure"), 1.0, recording=written)

    found = verdict(ended=ended, harms_loss=False)
    assert (found.verdict, found.comparison.finding_gone) == ("worse", 0)
    assert found.comparison.note == "4 of 4 ended with an error."


def test_a_treatment_that_was_not_applied_was_not_tried():
    def ended(job: Job, written: bytes) -> Ended:
        refused = recording(1.0, trial=Trial(counts=False, why_not="no optimizer of torch.optim made a step"))
        return Ended(job.trial, 0, 1.0, recording=refused if job.trial.arm == "cure" else written)

    found = verdict(ended=ended)
    assert (found.verdict, found.trials) == ("not tried", 1)
    assert found.comparison.note == "1 of 1 not counted: no optimizer of torch.optim made a step."


def test_a_study_without_trials_of_it_leaves_it_as_it_was():
    study = Study(plan(("cure",)))
    assert judged(CURE, DEAD, compared(study)[1], study, True) == CURE


def test_new_findings_are_told():
    assert verdict(new=(OTHER,)).comparison.note == "New with it: RL203 at line 40."


SCRIPT = "/home/ada/train.py"


def test_an_arm_is_put_where_the_finding_is_if_it_has_a_place():
    recorded = Recording(script=SCRIPT)
    assert arm_against(DEAD, CURE, recorded).treatments == ("lower-learning-rate:0.1",)
    assert arm_against(DEAD, ProposedTreatment("swap-activation", "leaky_relu"), recorded).name == "swap-activation:leaky_relu@31"
    assert arm_against(DEAD, ProposedTreatment("remove-output-activation"), recorded).name == "remove-output-activation@31"
    elsewhere = arm_against(DEAD, ProposedTreatment("swap-activation", "elu"), Recording(script="other.py"))
    assert elsewhere.name == "swap-activation:elu@/home/ada/train.py:31"
    nowhere = Finding("RL101", "linear-network", "error", "…")
    assert arm_against(nowhere, ProposedTreatment("insert-activation", "relu"), recorded) is None
    with pytest.raises(UnknownNameError):
        arm_against(DEAD, ProposedTreatment("pray"), recorded)


def test_what_concerns_several_layers_is_tried_at_all_of_them():
    layers = tuple(Layer(number, "linear", f"fc{number}", place=Location(SCRIPT, 10 + number)) for number in range(4))
    sites = tuple(Site(number, "sigmoid", place=Location(SCRIPT, 20 + number), after=f"fc{number}") for number in range(4))
    recorded = Recording(
        script=SCRIPT, layers=layers, sites=(*sites, Site(9, "sigmoid", place=Location(SCRIPT, 40), after="fc1", role="gate"))
    )
    about = {"layers": ["fc0", "fc1", "fc2"]}
    linear = Finding("RL101", "linear-network", "error", "…", SCRIPT, 10, evidence=about)
    assert arm_against(linear, ProposedTreatment("insert-activation", "relu"), recorded).name == "insert-activation:relu@10@11"
    fading = Finding("RL301", "vanishing-gradient", "error", "…", SCRIPT, 20, evidence=about)
    assert arm_against(fading, ProposedTreatment("swap-activation", "tanh"), recorded).name == "swap-activation:tanh@20@21@22"
    assert arm_against(fading, ProposedTreatment("normalise"), recorded).name == "normalise"


def test_the_recordings_of_these_tests_are_recordings():
    assert isinstance(loads(recording(1.0)).recording, Recording)


def with_errors(errors: dict[str, float], same_loss: bool = False, seeds: int = 4) -> ProposedTreatment:
    """A cure under which the loss means something else: it is higher, whatever the classes come to."""

    def answer(job: Job) -> Ended:
        arm = job.trial.arm
        document = loads(recording(0.3 if arm == "cure" else -0.9, findings=[DEAD] * (arm != "cure")))
        share = errors.get(arm)
        guesses = () if share is None else (Curve("errors", points=(LossPoint(0, share + job.trial.seed / 1000, 0.0, 1.0),)),)
        trial = replace(document.recording.trial, curves=(*document.recording.trial.curves, *guesses))
        written = dumps(replace(document, recording=replace(document.recording, trial=trial))).encode()
        return Ended(job.trial, 0, 1.0, recording=written)

    study = conduct(Study(plan(("cure",), seeds)), Made(answer), lambda study: None)
    return judged(CURE, DEAD, compared(study)[1], study, True, same_loss)


def test_where_the_loss_means_something_else_the_wrong_classes_are_compared():
    found = with_errors({"as it stands": 0.3, "cure": 0.1})
    assert found.verdict == "verified"
    assert found.comparison.difference == pytest.approx(-0.2, abs=1e-3)
    assert "the share of classes that were guessed wrongly" in found.comparison.note
    assert with_errors({"as it stands": 0.3, "cure": 0.5}).verdict == "worse"
    assert with_errors({"as it stands": 0.3, "cure": 0.1}, same_loss=True).verdict == "worse"


def test_where_the_loss_means_something_else_and_there_are_no_classes_nothing_is_shown():
    assert with_errors({}).verdict == "no difference shown"


def test_a_treatment_of_the_whole_network_is_judged_by_the_finding_at_any_line():
    elsewhere = replace(DEAD, line=77)

    def answer(job: Job) -> Ended:
        treated, seed = job.trial.arm == "cure", job.trial.seed
        written = recording((0.2 if treated else 1.0) + seed / 1000, findings=[] if treated else [elsewhere if seed else DEAD])
        return Ended(job.trial, 0, 1.0, recording=written)

    everywhere = plan(("cure",), 4)
    at_a_line = replace(everywhere, arms=(replace(everywhere.arms[0], treatments=("normalise@31",)),))
    for tried, expected in ((everywhere, "verified"), (at_a_line, "inconclusive")):
        study = conduct(Study(tried), Made(answer), lambda study: None)
        assert judged(CURE, DEAD, compared(study)[1], study, True).verdict == expected
