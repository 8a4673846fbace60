"""A training script runs under ``reluctant run`` as it runs under python, byte for byte, while it is observed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reluctant.recording import load

from .runs import SCRIPTS, Run, command, environment, observed, plain

SCRIPT = str(SCRIPTS / "trains.py")


@pytest.mark.parametrize("end", ["well", "fail", "backward"])
def test_training_is_the_same_and_is_recorded(end: str, tmp_path: Path) -> None:
    expected = plain(SCRIPT, end, folder=tmp_path)
    seen = observed("-o", "run.json", SCRIPT, end, folder=tmp_path)
    assert seen.out.decode() == expected.out.decode()
    assert seen.code == expected.code
    assert seen.err.startswith(expected.err)
    recording = load(tmp_path / "run.json").recording
    assert recording.script == SCRIPT
    assert (recording.exit_code, recording.finished) == (expected.code, True)
    assert recording.steps == 12
    assert reports(seen) == 1


def test_a_killed_run_leaves_a_recording_that_can_be_shown(tmp_path: Path) -> None:
    line = [*command(), "-o", "run.json", SCRIPT, "forever"]
    process = subprocess.Popen(line, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: (tmp_path / "run.json").exists() and load(tmp_path / "run.json").recording.steps >= 12)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its loader's worker too
    assert process.wait(timeout=30) == -signal.SIGKILL
    recording = load(tmp_path / "run.json").recording
    assert (recording.exit_code, recording.finished) == (None, False)
    shown = plain("-m", "reluctant", "report", "run.json", folder=tmp_path)
    assert shown.code == 0
    assert b"The run was killed or is still going on" in shown.out


def wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 100
    while not done():
        assert time.monotonic() < end, "it did not come to it"
        time.sleep(0.5)


def reports(run: Run) -> int:
    """How many reports were printed: a child must not add its own."""
    return run.err.decode().count("reluctant · ")
