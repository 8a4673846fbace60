"""Roots first, with what follows from them beneath."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reluctant.recording import Finding, Root, Severity
from reluctant.rules import finding_tree


def finding(code: str, severity: Severity = "error", because_of: str = "", line: int = 1) -> Finding:
    root = Root(because_of, "train.py", 1) if because_of else None
    return Finding(code, "name", severity, "m", "train.py", line, because_of=root)


def codes(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, list[str]]]:
    return [(branch.root.code, [follower.code for follower in branch.followers]) for branch in finding_tree(findings)]


def test_what_follows_is_beneath_its_root() -> None:
    assert codes([finding("B", because_of="A"), finding("A"), finding("C", because_of="B")]) == [("A", ["B", "C"])]


def test_graver_branches_come_first_and_the_order_is_kept_otherwise() -> None:
    found = [finding("A", "advice"), finding("B", "warning"), finding("C"), finding("D", "warning"), finding("E")]
    assert [root for root, _ in codes(found)] == ["C", "E", "B", "D", "A"]


def test_a_root_is_as_grave_as_what_it_leads_to() -> None:
    found = [finding("A"), finding("B", "warning"), finding("C", because_of="B"), finding("D")]
    assert codes(found) == [("A", []), ("B", ["C"]), ("D", [])]


def test_a_finding_whose_root_is_not_there_is_a_root() -> None:
    assert codes([finding("B", because_of="A")]) == [("B", [])]


def test_a_circle_and_a_finding_that_names_itself_are_shown_once() -> None:
    assert codes([finding("A", because_of="B"), finding("B", because_of="A")]) == [("A", ["B"])]
    assert codes([finding("A", because_of="A")]) == [("A", [])]


NAMES = st.sampled_from("ABCDEF")


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.sampled_from(["error", "warning", "advice"])), max_size=12))
def test_every_finding_is_shown_exactly_once(made: list[tuple[str, str | None, Severity]]) -> None:
    found = [finding(code, severity, because_of or "") for code, because_of, severity in made]
    shown = [each for branch in finding_tree(found) for each in (branch.root, *branch.followers)]
    assert sorted(map(id, shown)) == sorted(map(id, found))
