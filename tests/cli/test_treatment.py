"""``reluctant treatment``: the list and the pages."""

from __future__ import annotations

import pytest

from reluctant.cli._manual_page import page, summary
from reluctant.treatments import Treatment, all_treatments


def test_lists_every_treatment_in_one_line_each_where_it_is_piped(reluctant) -> None:
    lines = reluctant("treatment").out.splitlines()
    assert [line.split()[0] for line in lines] == list(all_treatments())
    assert all(line.endswith(summary(kind.__doc__)) for line, kind in zip(lines, all_treatments().values(), strict=True))


@pytest.mark.parametrize("kind", all_treatments().values(), ids=list(all_treatments()))
def test_a_page_holds_the_docstring_and_what_was_tried(kind: type[Treatment], reluctant) -> None:
    shown = reluctant("treatment", kind.treatment_name().upper()).out
    assert shown.splitlines()[2].strip() == kind.usage()
    assert kind.tried in shown
    for line in page(kind.__doc__, 80):
        assert line.removeprefix("## ") in shown


def test_an_unknown_name_is_answered(reluctant) -> None:
    ended = reluctant("treatment", "normalize")
    assert ended.exit_code == 2
    assert "Did you mean normalise?" in ended.err


def test_an_unknown_treatment_starts_nothing(reluctant) -> None:
    ended = reluctant("run", "--treat", "normalize", "no_such_script.py")
    assert ended.exit_code == 2
    assert "no treatment is called 'normalize'" in ended.err
