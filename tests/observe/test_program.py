"""The program that was asked to run is the user's, also where its file lies in the folder of this package or of torch."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest
import torch

import reluctant
from reluctant.instrument.frames import is_users
from reluctant.observe.user_traceback import remove_our_frames
from reluctant.recording import load

from .runs import observed

PACKAGE = Path(reluctant.__file__).parent
INSIDE = PACKAGE / "demo" / "train_digits.py"


@pytest.mark.slow
@pytest.mark.parametrize("program", [(str(INSIDE),), ("-m", "reluctant.demo.train_digits")], ids=["script", "module"])
def test_a_program_inside_the_package_has_its_lines_in_the_report(program, tmp_path) -> None:
    pytest.importorskip("sklearn")
    run = observed("--quiet", "--steps", "10", "-o", str(tmp_path / "run.json"), *program, folder=tmp_path)
    assert run.code == 0, run.err
    recording = load(tmp_path / "run.json").recording
    lines = INSIDE.read_text().splitlines()
    assert len(recording.sites) == 3
    for place in (*(site.place for site in recording.sites), recording.optimizers[0].built, recording.loss_curves[0].root):
        assert (Path(place.file), place.code) == (INSIDE, lines[place.line - 1].strip())


@pytest.mark.parametrize("folder", [PACKAGE, Path(torch.__file__).parent], ids=["ours", "torch"])
def test_only_the_program_itself_is_the_users_there(folder, monkeypatch) -> None:
    program, beside = (compile("", str(folder / name), "exec") for name in ("program.py", "beside.py"))
    assert not is_users(program)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(folder / "program.py"), raising=False)
    assert is_users(program)
    assert not is_users(beside)


def test_a_program_inside_the_package_keeps_its_frames_in_tracebacks(monkeypatch) -> None:
    names: dict[str, object] = {}
    exec(compile("def beside(function):\n    function()", str(PACKAGE / "beside.py"), "exec"), names)
    exec(compile("def program():\n    1 / 0", str(PACKAGE / "program.py"), "exec"), names)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(PACKAGE / "program.py"), raising=False)
    with pytest.raises(ZeroDivisionError) as caught:
        names["beside"](names["program"])  # type: ignore[operator]
    remove_our_frames(caught.value)
    files = [Path(frame.filename).name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files == ["test_program.py", "program.py"]
