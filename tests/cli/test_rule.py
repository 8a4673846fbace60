"""``reluctant rule``: the list and the pages."""

from __future__ import annotations

import pytest

from reluctant.cli._manual_page import page, summary
from reluctant.rules import Rule, all_rules


def test_lists_every_rule_in_one_line_each_where_it_is_piped(reluctant) -> None:
    lines = reluctant("rule").out.splitlines()
    assert [line.split()[:3] for line in lines] == [[rule.code, rule.rule_name(), rule.severity] for rule in all_rules()]
    assert all(line.endswith(summary(type(rule).__doc__)) for line, rule in zip(lines, all_rules(), strict=True))


@pytest.mark.parametrize("columns", ["80", "120"])
def test_keeps_to_the_width_of_a_terminal(columns: str, reluctant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", columns)
    lines = reluctant("rule").out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [rule.code for rule in all_rules()]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_page_holds_the_docstring_and_the_examples(rule: Rule, reluctant) -> None:
    shown = reluctant("rule", rule.code).out
    assert shown == reluctant("rule", rule.rule_name().upper()).out
    assert shown.startswith(f"{rule.code} {rule.rule_name()} ({rule.severity}, since {rule.since})\n")
    for title in ("What it does", "Why is this bad?", "Example", "Use instead"):
        assert f"\n{title}\n" in shown
    assert "".join((type(rule).__doc__ or "").replace("## ", "").split()) in "".join(shown.split())
    for line in (*rule.bad.strip().splitlines(), *rule.good.strip().splitlines()):
        assert f"    {line}".rstrip() in shown.splitlines()


@pytest.mark.parametrize("prefix", ["RL2", "rl20", "RL"])
def test_the_beginning_of_a_code_lists_its_rules(prefix: str, reluctant) -> None:
    lines = reluctant("rule", prefix).out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.code for rule in all_rules() if rule.code.startswith(prefix.upper())]
    assert len(lines) > 1


def test_an_unknown_rule_is_answered_with_those_that_exist(reluctant) -> None:
    ended = reluctant("rule", "dead-unit")
    assert (ended.exit_code, ended.out) == (2, "")
    assert "no rule is called 'dead-unit'. Did you mean dead-units" in ended.err
    assert "RL202" in ended.err


def test_a_page_fills_paragraphs_and_leaves_blocks_alone() -> None:
    docstring = """One two three four five.

    ## Title

    A paragraph that is
    broken early.

    - an entry of a list that goes on
      and on
    - another

        a   formula

    End.
    """
    assert list(page(docstring, 24)) == [
        "One two three four five.", "",
        "## Title", "",
        "A paragraph that is", "broken early.", "",
        "- an entry of a list", "  that goes on and on", "- another", "",
        "    a   formula", "",
        "End.", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        ("Units that pass no gradient.\n\nMore.", "Units that pass no gradient."),
        ("A sum, e.g. of\n    two lines. And more.", "A sum, e.g. of two lines."),
        (None, ""),
    ],
)
def test_summary(docstring: str | None, sentence: str) -> None:
    assert summary(docstring) == sentence
