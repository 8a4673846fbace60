"""What the check-up does around a program, with an observer that only notes what is asked of it."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

import reluctant.observe
from reluctant.cli._check_up import CheckUp
from reluctant.configuration import Configuration
from reluctant.observe.script import NoProgramError, Program
from reluctant.recording import Recording


class FakeObserver:
    """Notes what is asked of it, and fails where `fails` says so."""

    fails: str = ""
    made: ClassVar[list[FakeObserver]] = []

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments
        self.asked: list[str] = []
        self.made.append(self)
        self.note("made")

    def note(self, what: str) -> None:
        self.asked.append(what)
        if self.fails == what:
            raise ZeroDivisionError("planted")

    def attach(self, *, waiting: bool = False) -> None:
        self.note("attach")

    def detach(self) -> None:
        self.note("detach")

    def recording(self, exit_code: int | None = None, finished: bool = True) -> Recording:
        self.note("recording")
        return Recording(script=self.arguments["script"], reluctant="0", exit_code=exit_code, finished=finished, passes=3)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CheckUp]:
    """Runs a check-up to its end in this process, as far as python's own end is not needed."""
    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr("reluctant.cli._check_up.atexit", types.SimpleNamespace(register=handlers.append))
    monkeypatch.setitem(vars(reluctant.observe), "Observer", FakeObserver)  # not setattr: that would load the real one first
    monkeypatch.setattr(FakeObserver, "made", [])
    monkeypatch.setattr(FakeObserver, "fails", "")
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))

    def run(start: Callable[[], None] = lambda: None, **options: Any) -> CheckUp:
        check_up = CheckUp(Program("train.py", ("--fast",), start), Configuration(**options), ())
        try:
            check_up()
        finally:
            (finish,) = handlers
            finish()
        return check_up

    return run


def observer() -> FakeObserver:
    (made,) = FakeObserver.made
    return made


def test_observer_gets_the_options_and_is_asked_in_order(run: Callable[..., CheckUp], tmp_path: Path) -> None:
    run(output=str(tmp_path / "run.json"), budget=0.1, leave_compiled=True)
    assert observer().arguments == {
        "script": "train.py",
        "arguments": ("--fast",),
        "budget_share": 0.1,
        "leave_compiled": True,
        "output": tmp_path / "run.json",
    }
    assert observer().asked == ["made", "attach", "detach", "recording"]
    document = json.loads((tmp_path / "run.json").read_text())
    assert (document["script"], document["exit_code"], document["finished"]) == ("train.py", 0, True)


@pytest.mark.parametrize(("error", "code"), [(ValueError("x"), 1), (SystemExit(3), 3), (KeyboardInterrupt(), 130)])
def test_exit_code_is_recorded_and_the_error_goes_on(run: Callable[..., CheckUp], tmp_path: Path, error: BaseException, code: int) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        run(fail, output=str(tmp_path / "run.json"))
    assert json.loads((tmp_path / "run.json").read_text())["exit_code"] == code


@pytest.mark.parametrize("moment", ["made", "attach", "detach", "recording"])
def test_a_failure_of_ours_is_told_once_and_harms_nobody(
    run: Callable[..., CheckUp], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], moment: str
) -> None:
    monkeypatch.setattr(FakeObserver, "fails", moment)
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    ran: list[str] = []
    run(lambda: ran.append("ran"))
    told = capfd.readouterr()
    assert ran == ["ran"]
    assert told.out == ""
    assert told.err.count("ZeroDivisionError: planted. This is a bug of Reluctant") == 1


def test_nothing_is_said_where_there_was_nothing_to_run(
    run: Callable[..., CheckUp], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise NoProgramError("no such module")

    with pytest.raises(NoProgramError):
        run(fail, output=str(tmp_path / "run.json"))
    assert not (tmp_path / "run.json").exists()
    assert capfd.readouterr().err == ""


def test_output_that_cannot_be_written_any_more_is_told(
    run: Callable[..., CheckUp], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    run(folder.rmdir, output=str(folder / "run.json"))
    assert "run.json: it cannot be written" in capfd.readouterr().err


def test_quiet_without_output_prints_nothing(run: Callable[..., CheckUp], capfd: pytest.CaptureFixture[str]) -> None:
    run(quiet=True)
    assert capfd.readouterr() == ("", "")
