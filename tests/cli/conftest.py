"""Runs the command line in this process, as a shell would see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from reluctant.cli import main


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    exit_code: int
    out: str
    err: str


@pytest.fixture
def reluctant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> Callable[..., Ended]:
    """A function that runs ``reluctant ARGUMENTS`` in an empty folder, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["reluctant", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run
