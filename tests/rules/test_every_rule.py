"""What must hold for every rule that discovery finds: a new rule adds rows here, never a file."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reluctant.recording import CAUSES, Cause, Finding, Recording, load
from reluctant.rules import Rule, all_rules, get, judge
from reluctant.rules.testing import RuleCase
from reluctant.treatments import Treatment, all_treatments, propose
from tests.recordings import blocked_layer, healthy_mlp, nothing_observed

SECTIONS = ("## What it does", "## Why is this bad?", "## How it decides", "## Remedy", "## When to ignore it")

OURS = [rule for rule in all_rules() if type(rule).__module__.startswith("reluctant.")]
every = pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.code)


def module_of(rule: Rule) -> str:
    return type(rule).__module__.rpartition(".")[2]


CASES = [pytest.param(rule, case, id=f"{rule.code}-{case.name}") for rule in OURS for case in rule.cases()]


@every
def test_page_is_complete(rule: Rule) -> None:
    page = type(rule).__doc__ or ""
    headings = [line.strip() for line in page.splitlines() if line.strip().startswith("## ")]
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
    assert page.splitlines()[0].endswith("."), "the first line says in one sentence what is wrong"
    for section in re.split(r"^\s*## .*$", page, flags=re.MULTILINE):
        assert section.strip(), "a section is empty"


@every
def test_name_and_code(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z]+\d{3}", rule.code)
    assert module_of(rule) == rule.rule_name().replace("-", "_"), "a file is named after the rule it holds"
    assert not re.match(r"(no|missing|dont|avoid|use|check)-", rule.rule_name()), "the name says what is there, not what to do"
    assert rule.severity in ("error", "warning", "advice")


@every
def test_what_it_refers_to_exists(rule: Rule) -> None:
    codes = {other.code for other in OURS}
    assert set(rule.follows_from) <= codes
    assert set(re.findall(r"RL\d{3}", type(rule).__doc__ or "")) <= codes


@every
def test_thresholds_are_explained(rule: Rule) -> None:
    source = Path(sys.modules[type(rule).__module__].__file__ or "").read_text(encoding="utf-8")
    for name, value in vars(type(rule)).items():
        if isinstance(value, int | float) and not isinstance(value, bool) and not name.startswith("_"):
            stated = re.search(rf"^    {name}\b[^\n]*=[^\n]*\n    (?:\"\"\"|#)", source, flags=re.MULTILINE)
            assert stated, f"{name} = {value} needs the reason for its value beneath it"


@every
def test_silent_without_evidence(rule: Rule) -> None:
    for recording in (Recording(), nothing_observed()):
        results = list(rule.check(recording))
        assert not [one for one in results if isinstance(one, Finding) and one.severity != "advice"]


@every
def test_silent_on_a_healthy_network(rule: Rule) -> None:
    assert [one for one in rule.check(healthy_mlp()) if isinstance(one, Finding)] == []


@every
def test_cases_are_on_both_sides(rule: Rule) -> None:
    silent = [case for case in rule.cases() if not case.findings]
    assert silent, "a case must be silent"
    assert len(silent) < len(rule.cases()), "a case must find something"


@every
def test_cases_state_every_kind_of_finding_as_a_whole(rule: Rule) -> None:
    """A finding that is dropped, doubled, emptied or put elsewhere is then seen."""
    expected = [finding for case in rule.cases() for finding in case.findings]
    assert any(finding.whole for finding in expected), "one finding must state `message`, `evidence`, `layer` and `site`"
    for kind in {finding.cause for finding in expected}:
        alike = [finding for finding in expected if finding.cause == kind]
        assert any(finding.treatments is not None for finding in alike), f"one finding of cause {kind or 'none'} must state `treatments`"
        assert kind in ("", "none") or any(finding.because for finding in alike), f"one finding of cause {kind} must state `because`"


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_case(rule: Rule, case: RuleCase) -> None:
    document = rule.document(case.recording)
    for finding in document.findings:
        assert_well_formed(rule, finding)
    assert not case.differences(propose(document))


@pytest.mark.parametrize("part", ["severity", "line", "message", "evidence", "cause", "layer", "site", "treatments"])
def test_a_case_sees_each_part_of_a_finding(part: str) -> None:
    """Of the finding of one case, one part is taken away at a time."""
    rule = get("dead-units")
    case = next(case for case in rule.cases() if case.findings and case.findings[0].whole)
    document = propose(rule.document(case.recording))
    (finding,) = document.findings
    emptied = {"severity": "advice", "line": 0, "message": "", "evidence": {}, "cause": None, "layer": "", "site": None, "treatments": ()}
    assert case.differences(replace(document, findings=(replace(finding, **{part: emptied[part]}),)))


def test_a_case_sees_what_is_too_little_and_too_much() -> None:
    rule = get("dead-units")
    case = next(case for case in rule.cases() if case.findings and case.findings[0].whole)
    document = propose(rule.document(case.recording))
    (finding,) = document.findings
    without_evidence = replace(finding, cause=Cause(finding.cause.kind))  # type: ignore[union-attr]
    assert not case.differences(document)
    for findings in ((), (finding, finding), (without_evidence,)):
        assert case.differences(replace(document, findings=findings))
    assert case.differences(replace(document, not_judged=(rule.not_judged("for no reason"),)))


def test_a_new_treatment_leaves_the_cases_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panacea(Treatment):
        """Proposes itself before all others against everything."""

        order = 0
        removes = dict.fromkeys(CAUSES, ("",))
        unexplained = ("",)

    monkeypatch.setattr("reluctant.treatments._propose.all_treatments", lambda: {**all_treatments(), "panacea": Panacea})
    for rule in OURS:
        for case in rule.cases():
            assert not case.differences(propose(rule.document(case.recording))), (rule.code, case.name)


def assert_well_formed(rule: Rule, finding: Finding) -> None:
    assert (finding.code, finding.name) == (rule.code, rule.rule_name())
    assert finding.message.endswith((".", ")")), finding.message
    assert "  " not in finding.message
    assert finding.cause is None or finding.cause.kind in CAUSES
    assert not finding.treatments, "which treatments remove its cause is for the treatments to say"
    assert all(isinstance(name, str) and name.isidentifier() for name in finding.evidence)


@pytest.mark.parametrize(
    ("rule", "name", "follows"),
    [
        ("RL101", "three layers", {"RL102": "RL101"}),
        ("RL101", "every unit always on", {"RL101": "RL103"}),
        ("RL103", "slope 1", {"RL103": "RL502"}),
        ("RL201", "born of raw data", {"RL201": "RL304"}),
        ("RL203", "huge weights", {"RL203": "RL305"}),
        ("RL302", "NaN after growing", {"RL303": "RL302"}),
        ("RL302", "raw data", {"RL302": "RL304", "RL303": "RL304"}),
        ("RL305", "a slope of 20", {"RL305": "RL502"}),
        ("RL403", "relu that is dead", {"RL202": "RL403"}),
    ],
)
def test_all_rules_together_name_the_root(rule: str, name: str, follows: dict[str, str]) -> None:
    recording = next(case.recording for case in get(rule).cases() if case.name == name)
    findings = judge(recording, all_rules()).findings
    assert {finding.code: finding.because_of.code for finding in findings if finding.because_of is not None} == follows


@every
def test_what_follows_stands_behind_its_root(rule: Rule) -> None:
    for case in rule.cases():
        findings = judge(case.recording, all_rules()).findings
        roots = {(finding.code, finding.file, finding.line) for finding in findings if finding.because_of is None}
        for finding in findings:
            root = finding.because_of
            assert root is None or (root.code, root.file, root.line) in roots
        assert [finding.because_of is not None for finding in findings] == sorted(finding.because_of is not None for finding in findings)


def test_all_rules_together_judge_a_blocked_network() -> None:
    findings = judge(blocked_layer(), all_rules()).findings
    assert findings[0].code == "RL202"
    assert findings[0].because_of is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("examples")

    def observed(name: str, script: str) -> Recording:
        file, output = folder / f"{name}.py", folder / f"{name}.json"
        file.write_text(script, encoding="utf-8")
        command = [sys.executable, "-m", "reluctant", "run", "-o", str(output), str(file)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        return load(output).recording

    return observed


@every
def test_fires_on_its_bad_example(rule: Rule, run) -> None:
    recording = run(f"{module_of(rule)}_bad", rule.bad)
    findings = [one for one in rule.check(recording) if isinstance(one, Finding)]
    assert findings, "the bad example must make it fire"
    assert findings[0].line > 0 or rule.code.startswith("RL9")
    for finding in findings:
        assert_well_formed(rule, finding)


@every
def test_silent_on_its_good_example(rule: Rule, run) -> None:
    recording = run(f"{module_of(rule)}_good", rule.good)
    assert [one for one in rule.check(recording) if isinstance(one, Finding)] == []
