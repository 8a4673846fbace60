"""Where options come from, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from reluctant.configuration import Configuration, configured, nearest
from reluctant.errors import UsageError


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)


def test_the_nearest_table_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    write(tmp_path, "[tool.reluctant]\nselect = ['RL2']\nbudget = 0.1\nleave-compiled = true\nlive = true")
    write(tmp_path / "a", "[tool.other]\nselect = 3")
    inner = tmp_path / "a" / "b"
    inner.mkdir()
    assert nearest(inner) == Configuration(select=("RL2",), budget=0.1, leave_compiled=True, live=True)
    given = {"select": (), "ignore": ("RL6",), "budget": 0.2, "live": False, "quiet": None}
    assert configured(given, inner) == Configuration(select=("RL2",), ignore=("RL6",), budget=0.2, leave_compiled=True)


def test_without_a_table_there_are_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, "[tool.other]\n")
    assert nearest(tmp_path) == Configuration()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.reluctant]\nselekt = []", "there is no option 'selekt'. Did you mean select?"),
        ("[tool.reluctant]\nleave_compiled = true", "there is no option 'leave_compiled'. Did you mean leave-compiled?"),
        ("[tool.reluctant]\nselect = 'RL2'", "select must be a list of texts, not 'RL2'"),
        ("[tool.reluctant]\nlive = 1", "live must be true or false, not 1"),
        ("[tool.reluctant]\nbudget = true", "budget must be a number above 0 and at most 1, not True"),
        ("[tool.reluctant]\nbudget = 3", "budget must be a number above 0 and at most 1, not 3"),
        ("[tool]\nreluctant = 1", "tool.reluctant is no table"),
        ("[tool.reluctant", "the file cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        nearest(tmp_path)
    assert message in str(raised.value)
    assert str(tmp_path / "pyproject.toml") in str(raised.value)
