"""The score of a script: what counts as found, placed, explained and first, and what as a false alarm."""

from __future__ import annotations

import pytest

from labels import CASES, KINDS, case_of, labelled_cases
from reluctant.recording import Cause, CauseKind, Finding, Severity
from reluctant.rules import all_rules
from scoring import Share, by_rule, failed, score, summary

LABELS = {
    "file": "train.py",
    "expect": [{"code": "RL401", "line": 21, "lines": [32, 33], "any_of": ["RL402"]}],
    "allow": ["RL203"],
    "must_not": ["RL201", "cause: learning-rate"],
    "cause": "head-loss-mismatch",
    "causes_also": ["target-range"],
}
CASE = case_of("faulty", LABELS)


def finding(code: str, line: int = 0, severity: Severity = "warning", cause: CauseKind = "none") -> Finding:
    return Finding(code, "a-rule", severity, "", "train.py", line, cause=Cause(cause))


def test_an_expected_finding_at_its_line_with_its_cause_is_perfect():
    result = score(CASE, [finding("RL401", 21, cause="head-loss-mismatch")])
    assert (result.found, result.placed, result.explained, result.first) == ((True,), (True,), True, True)
    assert result.perfect


@pytest.mark.parametrize("line", [21, 32, 33])
def test_any_of_the_labelled_lines_is_right(line):
    assert score(CASE, [finding("RL401", line)]).located


def test_another_line_is_found_but_not_placed():
    result = score(CASE, [finding("RL401", 22)])
    assert (result.found, result.placed, result.first, result.located) == ((True,), (False,), False, False)


def test_a_place_does_not_count_where_there_is_no_single_line():
    case = case_of("faulty", {**LABELS, "expect": [{"code": "RL101", "line": 0, "lines": [], "any_of": []}]})
    result = score(case, [finding("RL101", 7)])
    assert (result.placed, result.located, result.first) == ((None,), True, True)


def test_another_code_that_will_do_is_found():
    assert score(CASE, [finding("RL402", 21)]).found == (True,)


def test_advice_is_found_but_neither_first_nor_an_alarm():
    result = score(CASE, [finding("RL401", 21, "advice"), finding("RL407", 5, "advice")])
    assert (result.found, result.first, result.false_alarms) == ((True,), False, ())


def test_a_finding_that_comes_first_is_the_first():
    assert score(CASE, [finding("RL203", 5), finding("RL401", 21)]).first is False


def test_what_is_neither_expected_nor_allowed_is_a_false_alarm():
    result = score(CASE, [finding("RL401", 21), finding("RL203", 5), finding("RL301", 9)])
    assert result.false_alarms == ("RL301@9",)


def test_banned_codes_and_causes_are_breaches():
    result = score(CASE, [finding("RL201", 5), finding("RL401", 21, cause="learning-rate")])
    assert result.breaches == ("RL201", "cause: learning-rate")


def test_a_second_right_cause_explains_it_and_another_does_not():
    assert score(CASE, [finding("RL401", 21, cause="target-range")]).explained is True
    assert score(CASE, [finding("RL401", 21, cause="depth")]).explained is False


def test_a_run_without_a_report_misses_everything():
    result = failed(CASE, "ended after 5 s")
    assert (result.found, result.placed, result.explained, result.first) == ((False,), (None,), False, False)
    assert not result.perfect


def test_the_summary_counts_findings_for_recall_and_scripts_for_the_rest():
    two = case_of("faulty", {**LABELS, "expect": [*LABELS["expect"], {"code": "RL305", "line": 3}]})
    scores = [score(two, [finding("RL401", 21), finding("RL301", 9), finding("RL301", 10)]), score(CASE, [finding("RL401", 32)])]
    total = summary(scores)
    assert (total.recall, total.placed, total.located) == (Share(2, 3), Share(2, 2), Share(1, 2))
    assert (total.false_alarms, total.scripts_with_false_alarms, total.false_alarms_per_script) == (2, 1, 1.0)


def test_every_expected_rule_and_every_false_alarm_has_a_row():
    rows = by_rule([score(CASE, [finding("RL402", 21, cause="depth"), finding("RL301", 9)])])
    assert [(row.code, row.recall, row.explained, row.false_alarms) for row in rows] == [
        ("RL301", Share(0, 0), Share(0, 0), 1),
        ("RL401", Share(1, 1), Share(0, 1), 0),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_script_is_labelled_and_every_label_has_its_script(kind):
    labelled = sorted(case.file for case in labelled_cases((kind,)))
    assert labelled == sorted(path.name for path in (CASES / kind).glob("*.py"))


def test_labels_name_rules_that_exist():
    known = {rule.code for rule in all_rules()}
    for case in labelled_cases():
        named = case.allowed.union(*(expected.codes for expected in case.expected), case.banned)
        assert {name for name in named if name.startswith("RL")} <= known, case.name
