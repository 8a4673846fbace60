"""A training script runs under ``reluctant run`` as it runs under python, byte for byte, while it is observed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reluctant.recording import load

from .runs import SCRIPTS, Run, observed, plain

SCRIPT = str(SCRIPTS / "trains.py")


@pytest.mark.parametrize("end", ["well", "fail", "backward", "kill"])
def test_training_is_the_same_and_is_recorded(end: str, tmp_path: Path) -> None:
    expected = plain(SCRIPT, end, folder=tmp_path)
    seen = observed("-o", "run.json", SCRIPT, end, folder=tmp_path)
    assert seen.out.decode() == expected.out.decode()
    assert seen.code == expected.code
    assert seen.err.startswith(expected.err)
    recording = load(tmp_path / "run.json").recording
    assert recording.script == SCRIPT
    if end == "kill":
        assert (seen.code, recording.exit_code, recording.finished) == (-9, None, False)
        assert recording.passes >= 12
    else:
        assert (recording.exit_code, recording.finished) == (expected.code, True)
        assert recording.steps == 12
        assert reports(seen) == 1


def reports(run: Run) -> int:
    """How many reports were printed: a child must not add its own."""
    return run.err.decode().count("reluctant · ")
