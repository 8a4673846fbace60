"""Running rules over a recording, and putting in order what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reluctant.errors import DefinitionError, UnknownNameError
from reluctant.recording import Cause, Finding, Location, NotJudged, Recording
from reluctant.rules import Rule, all_rules, get, judge, select
from reluctant.rules._catalogue import all_rules as uncached
from tests.recordings import SCRIPT, blocked_layer, healthy_mlp


class Says(Rule):
    """Says what it is told to."""

    code = "XX100"
    severity = "warning"

    def __init__(self, *findings: Finding | NotJudged, follows: tuple[str, ...] = (), code: str = "XX100") -> None:
        self.findings, self.follows_from, self.code = findings, follows, code  # type: ignore[misc]

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        yield from self.findings


class Crashes(Says):
    """Says one thing and crashes."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        yield from self.findings
        raise KeyError("weight")


def finding(code: str = "XX100", severity: Any = "warning", line: int = 0, **details: Any) -> Finding:
    return Finding(code, "says", severity, "It is so.", file=SCRIPT if line else "", line=line, **details)


def codes(recording: Recording, *rules: Rule) -> list[str]:
    return [said.code for said in judge(recording, rules).findings]


def test_nothing_to_say() -> None:
    assert judge(healthy_mlp(), [Says()]).findings == ()


def test_a_rule_that_crashes_is_named_and_the_others_still_run() -> None:
    said = judge(healthy_mlp(), [Crashes(finding("XX100")), Says(finding("XX200"), code="XX200")])
    assert [one.code for one in said.findings] == ["XX100", "XX200"]
    (crash,) = said.not_judged
    assert "KeyError: 'weight'" in crash.why
    assert "not in your script" in crash.why


def test_severity_comes_before_network_order() -> None:
    rules = [Says(finding("XX100", "advice", site=0), finding("XX100", "error", site=2), finding("XX100", "warning", site=1))]
    assert [said.severity for said in judge(healthy_mlp(), rules).findings] == ["error", "warning", "advice"]


def test_network_order_among_equals() -> None:
    rules = [Says(finding(site=2, line=33), finding(site=0, line=31), finding(site=1, line=32))]
    assert [said.line for said in judge(healthy_mlp(), rules).findings] == [31, 32, 33]


def test_a_known_cause_comes_before_none() -> None:
    unknown, known = finding(site=0, line=31, cause=Cause("none")), finding(site=1, line=32, cause=Cause("depth"))
    assert [said.line for said in judge(healthy_mlp(), [Says(unknown, known)]).findings] == [32, 31]


def test_what_follows_names_its_root_and_comes_after_it() -> None:
    root, leaf = Says(finding("XX100", "advice", 32, site=1)), Says(finding("XX200", "error", 31, site=0), follows=("XX100",), code="XX200")
    said = judge(healthy_mlp(), [leaf, root]).findings
    assert [one.code for one in said] == ["XX100", "XX200"]
    assert said[1].because_of is not None
    assert (said[1].because_of.code, said[1].because_of.line) == ("XX100", 32)


def test_the_root_of_a_root_is_named() -> None:
    rules = [
        Says(finding("XX100", line=31, site=0)),
        Says(finding("XX200", line=32, site=1), follows=("XX100",), code="XX200"),
        Says(finding("XX300", line=33, site=2), follows=("XX200",), code="XX300"),
    ]
    last = judge(healthy_mlp(), rules).findings[-1]
    assert last.because_of is not None
    assert last.because_of.code == "XX100"


def test_other_causes_do_not_follow_from_each_other() -> None:
    root = Says(finding("XX100", site=0, cause=Cause("input-scale")))
    leaf = Says(finding("XX200", site=1, cause=Cause("learning-rate")), follows=("XX100",), code="XX200")
    assert all(said.because_of is None for said in judge(healthy_mlp(), [root, leaf]).findings)


def test_what_lies_on_no_common_path_does_not_follow() -> None:
    recording = healthy_mlp()
    graph = recording.graphs[0]
    first = next(node for node in graph.nodes if node.site == 0)
    parted = tuple(replace(node, inputs=()) if first.id in node.inputs else node for node in graph.nodes)
    recording = replace(recording, graphs=(replace(graph, nodes=parted),))
    rules = [Says(finding("XX100", site=0, line=31)), Says(finding("XX200", site=2, line=33), follows=("XX100",), code="XX200")]
    assert all(said.because_of is None for said in judge(recording, rules).findings)


def test_two_that_name_each_other_make_no_circle() -> None:
    rules = [
        Says(finding("XX100", line=31, site=0), follows=("XX200",)),
        Says(finding("XX200", line=32, site=1), follows=("XX100",), code="XX200"),
    ]
    said = judge(healthy_mlp(), rules).findings
    assert [one.because_of is None for one in said] == [True, False]


def test_the_same_on_one_line_is_told_once() -> None:
    rules = [Says(*(finding(line=20, site=index, layer=f"fc{index + 1}") for index in range(3)))]
    (said,) = judge(healthy_mlp(), rules).findings
    assert said.layer == "fc1"
    assert "fc2, fc3" in said.message
    assert said.evidence["also"] == ["fc2", "fc3"]


@pytest.mark.parametrize(("selector", "silent"), [("XX100", True), ("XX1", True), ("says", True), ("", True), ("XX2", False)])
def test_a_comment_silences(selector: str, silent: bool) -> None:
    recording = replace(healthy_mlp(), suppressions=((SCRIPT, 31, selector),))
    assert (codes(recording, Says(finding(line=31))) == []) == silent
    assert codes(recording, Says(finding(line=32))) == ["XX100"]


def test_a_comment_on_the_call_silences_what_is_told_of_the_building_line() -> None:
    recording = healthy_mlp()
    first, *others = recording.sites
    moved = replace(first, place=Location(SCRIPT, 12), built=Location(SCRIPT, 12), called=Location(SCRIPT, 31))
    recording = replace(recording, sites=(moved, *others), suppressions=((SCRIPT, 31, "XX100"),))
    assert codes(recording, Says(finding(line=12, site=0))) == []


def test_the_blocked_layer_is_the_root_of_its_consequences() -> None:
    said = judge(blocked_layer(), all_rules()).findings
    assert said[0].code == "RL202"
    assert all(one.because_of is None or one.because_of.code == "RL202" for one in said)


def test_every_rule_is_found_once_and_in_order() -> None:
    found = [rule.code for rule in all_rules()]
    assert found == sorted(set(found))
    assert {"RL101", "RL201", "RL305", "RL401", "RL902"} <= set(found)


@pytest.mark.parametrize("name", ["RL201", "rl201", "dead-units", " Dead-Units "])
def test_get(name: str) -> None:
    assert get(name).code == "RL201"


def test_get_unknown() -> None:
    with pytest.raises(UnknownNameError, match="dead-units"):
        get("dead-unit")


def test_select() -> None:
    rules = all_rules()
    assert select(rules) == rules
    assert {rule.code[:3] for rule in select(rules, ["RL2"])} == {"RL2"}
    assert [rule.code for rule in select(rules, ["RL201", "blocked-layer"])] == ["RL201", "RL202"]
    assert "RL201" not in {rule.code for rule in select(rules, [], ["dead-units"])}
    assert [rule.code for rule in select(rules, ["RL2"], ["RL20"])] == []


@pytest.mark.parametrize("selector", ["RL9999", "RL7", "dead", "", "2"])
def test_select_unknown(selector: str) -> None:
    with pytest.raises(UnknownNameError):
        select(all_rules(), [selector])
    with pytest.raises(UnknownNameError):
        select(all_rules(), [], [selector])


def test_two_rules_with_one_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = type("One", (Says,), {"code": "XX1"}), type("Other", (Says,), {"code": "XX1"})
    monkeypatch.setattr("reluctant.rules._catalogue.subclasses", lambda *_, **__: {"one": one, "other": other})
    uncached.cache_clear()
    try:
        with pytest.raises(DefinitionError, match="XX1"):
            uncached()
    finally:
        uncached.cache_clear()
