"""The score of treatments, on documents that are made up."""

from __future__ import annotations

from dataclasses import replace

from labels import Case, labelled_cases
from reluctant.recording import Document, Finding, ProposedTreatment
from score_treatments import Treated, is_named_by, report, treated

FAULTY = next(case for case in labelled_cases(("faulty",)) if case.fixes and case.not_fixes)
HEALTHY = next(case for case in labelled_cases(("healthy",)))


NONE_BY_CHANCE = "cured by as many treatments drawn at random: 0 of 1 = 0.00"


def document(*treatments: ProposedTreatment) -> Document:
    return Document(findings=(Finding("RL201", "dead-units", "error", "…", treatments=treatments),))


def of(case: Case, *treatments: ProposedTreatment) -> Treated:
    return treated(case, document(*treatments))


def test_labels_hold_fixes_and_what_is_no_fix():
    cases = labelled_cases(("faulty",))
    assert sum(bool(case.fixes) for case in cases) > 20
    assert sum(bool(case.not_fixes) for case in cases) > 20


def test_a_verified_treatment_is_a_cure():
    cured = of(
        FAULTY, ProposedTreatment("scale-input", verdict="better", trials=5), ProposedTreatment("normalise", verdict="verified", trials=5)
    )
    assert (cured.cured, cured.verified, cured.tried) == (True, ("normalise",), ("scale-input", "normalise"))
    assert report([cured]) == (["cured: 1 of 1 = 1.00 (bar 0.85)", NONE_BY_CHANCE], True)


def test_proposals_that_do_no_better_than_chance_miss_the_bar():
    cured = ProposedTreatment("scale-input", verdict="verified", trials=5)
    drawn = (
        ProposedTreatment("normalise", verdict="verified", trials=5),
        ProposedTreatment("reinitialise", "he", "better", 5),
        ProposedTreatment("scale-input"),
    )
    outcome = treated(FAULTY, replace(document(cured), baseline=drawn))
    assert (outcome.drawn, outcome.cured_by_chance) == (2, ("normalise",))
    lines, reached = report([outcome])
    assert lines[-1] == "cured by as many treatments drawn at random: 1 of 1 = 1.00"
    assert not reached


def test_a_treatment_drawn_at_random_that_is_labelled_as_no_fix_must_not_be_verified_either():
    drawn = (ProposedTreatment("lower-learning-rate", "0.1", "verified", 5),)
    outcome = treated(replace(FAULTY, not_fixes=("lower-learning-rate",)), replace(document(), baseline=drawn))
    assert outcome.wrongly_verified == ("lower-learning-rate:0.1",)


def test_what_is_only_better_is_none():
    lines, reached = report([of(FAULTY, ProposedTreatment("scale-input", verdict="better", trials=5))])
    assert lines == [f"{FAULTY.name}: not cured (scale-input)", "cured: 0 of 1 = 0.00 (bar 0.85)", NONE_BY_CHANCE]
    assert not reached


def test_a_verified_treatment_that_is_no_fix_misses_the_bar():
    case = replace(FAULTY, not_fixes=("swap-activation:gelu", "lower-learning-rate"))
    lines, reached = report([of(case, ProposedTreatment("lower-learning-rate", "0.1", "verified", 5))])
    assert lines[0] == f"{case.name}: verified, but no fix: lower-learning-rate:0.1"
    assert not reached


def test_treating_a_healthy_script_misses_the_bar():
    assert report([of(HEALTHY, ProposedTreatment("scale-input"))])[1]
    lines, reached = report([of(HEALTHY, ProposedTreatment("scale-input", verdict="worse", trials=3))])
    assert lines == [f"{HEALTHY.name}: healthy, but treated: scale-input"]
    assert not reached


def test_a_failure_is_no_cure_and_no_health():
    assert report([Treated(FAULTY, failure="killed")])[0][0] == f"{FAULTY.name}: not cured (killed)"
    assert not report([Treated(HEALTHY, failure="killed")])[1]


def test_a_label_names_a_treatment_with_or_without_arguments():
    assert is_named_by("lower-learning-rate:0.1", "lower-learning-rate")
    assert is_named_by("swap-activation:gelu", "swap-activation:gelu")
    assert not is_named_by("swap-activation:relu", "swap-activation:gelu")
