"""What must hold for every rule that discovery finds: a new rule adds rows here, never a file."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reluctant.recording import CAUSES, Finding, NotJudged, Recording, load
from reluctant.rules import Rule, all_rules, judge
from tests.recordings import blocked_layer, healthy_mlp, nothing_observed
from tests.rules.cases import Case

SECTIONS = ("## What it does", "## Why is this bad?", "## How it decides", "## Remedy", "## When to ignore it")

OURS = [rule for rule in all_rules() if type(rule).__module__.startswith("reluctant.")]
every = pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.code)


def module_of(rule: Rule) -> str:
    return type(rule).__module__.rpartition(".")[2]


def cases_of(rule: Rule) -> tuple[Case, ...]:
    try:
        return tuple(importlib.import_module(f"tests.rules.cases.{module_of(rule)}").CASES)
    except ModuleNotFoundError:
        return ()


CASES = [pytest.param(rule, case, id=f"{rule.code}-{case.name}") for rule in OURS for case in cases_of(rule)]


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
    assert re.fullmatch(r"RL\d{3}", rule.code)
    assert module_of(rule) == rule.rule_name().replace("-", "_"), "a file is named after the rule it holds"
    assert not re.match(r"(no|missing|dont|avoid|use|check)-", rule.rule_name()), "the name says what is there, not what to do"
    assert rule.severity in ("error", "warning", "advice")


@every
def test_what_it_refers_to_exists(rule: Rule) -> None:
    codes = {other.code for other in OURS}
    assert set(rule.follows_from) <= codes
    assert set(re.findall(r"RL\d{3}", type(rule).__doc__ or "")) <= codes | {"RL601", "RL602"}


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
        said = list(rule.check(recording))
        assert not [one for one in said if isinstance(one, Finding) and one.severity != "advice"]


@every
def test_silent_on_a_healthy_network(rule: Rule) -> None:
    assert [one for one in rule.check(healthy_mlp()) if isinstance(one, Finding)] == []


@every
def test_has_cases(rule: Rule) -> None:
    severities = {case.severity for case in cases_of(rule)}
    assert len(severities) > 1, f"tests/rules/cases/{module_of(rule)}.py must hold recordings on both sides"
    assert None in severities, f"tests/rules/cases/{module_of(rule)}.py must hold a recording on which the rule is silent"


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_case(rule: Rule, case: Case) -> None:
    said = list(rule.check(case.recording))
    findings = [one for one in said if isinstance(one, Finding)]
    assert (findings[0].severity if findings else None) == case.severity, said
    if case.cause:
        assert findings[0].cause is not None
        assert findings[0].cause.kind == case.cause, findings[0].cause
    if case.line:
        assert findings[0].line == case.line
    assert any(isinstance(one, NotJudged) for one in said) >= case.not_judged
    for finding in findings:
        assert_well_formed(rule, finding)


def assert_well_formed(rule: Rule, finding: Finding) -> None:
    assert (finding.code, finding.name) == (rule.code, rule.rule_name())
    assert finding.message.endswith((".", ")")), finding.message
    assert "  " not in finding.message
    assert finding.cause is None or finding.cause.kind in CAUSES
    assert not finding.treatments, "which treatments remove its cause is for the treatments to say"
    assert all(isinstance(name, str) and name.isidentifier() for name in finding.evidence)


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
