"""A trial in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reluctant.errors import UsageError
from reluctant.recording import load
from reluctant.trials import _working_folder, working_folder

SCRIPT = """
import os
import sys

import torch

import beside

print(sys.argv[0], os.path.basename(sys.path[0]), __file__, open("data/numbers.txt").read())
open("written.txt", "w").write("new")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a script, data, and what is not to be copied."""
    folder = tmp_path / "here"
    for name in ("data", ".git", "__pycache__", "environment"):
        (folder / name).mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "beside.py").write_text("")
    (folder / "written.txt").write_text("old")
    (folder / "data" / "numbers.txt").write_text("1 2 3")
    (folder / ".git" / "config").write_text("")
    (folder / "__pycache__" / "x.pyc").write_text("")
    (folder / "environment" / "pyvenv.cfg").write_text("")
    (tmp_path / "large").mkdir()
    (folder / "large").symlink_to(os.path.join("..", "large"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("program", [["train.py"], ["-m", "train"]])
def test_the_script_runs_in_it_and_stays_where_it_is(here: Path, program: list[str]) -> None:
    plain = subprocess.run([sys.executable, *program], capture_output=True, text=True, check=True)
    (here / "written.txt").write_text("old")
    command = [sys.executable, "-m", "reluctant", "run", "-q", "-o", "out.json", "--workdir", "apart", *program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == plain.stdout
    assert (here / "written.txt").read_text() == "old"
    assert (here / "apart" / "written.txt").read_text() == "new"
    trial = load(here / "out.json").recording.trial
    assert trial is not None
    assert trial.working_folder == str(here / "apart")


def test_what_is_copied(here: Path) -> None:
    working_folder("first")
    made = Path(working_folder("second"))
    assert {entry.name for entry in made.iterdir()} == {"train.py", "beside.py", "written.txt", "data", "large", _working_folder.MARK}
    assert (made / "large").resolve() == here.parent / "large"


def test_nothing_is_replaced_but_what_was_made_here_and_when_told(here: Path) -> None:
    (Path(working_folder("apart")) / "left.txt").write_text("")
    with pytest.raises(UsageError, match="--force"):
        working_folder("apart")
    assert not (Path(working_folder("apart", force=True)) / "left.txt").exists()
    for name in ("data", "."):
        with pytest.raises(UsageError, match="not empty"):
            working_folder(name, force=True)
    with pytest.raises(UsageError, match="no folder"):
        working_folder("train.py", force=True)
    assert (here / "data" / "numbers.txt").exists()


def test_a_folder_is_not_replaced_from_inside(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path(working_folder("apart"))
    monkeypatch.chdir(made / "data")
    with pytest.raises(UsageError, match="not empty"):
        working_folder(str(made), force=True)


def test_too_much_is_not_copied(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_working_folder, "LARGEST_COPY", 10)
    with pytest.raises(UsageError, match="symbolic link"):
        working_folder("apart")
    assert not (here / "apart").exists()
