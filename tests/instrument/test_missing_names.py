"""Whatever private name torch loses: training stays as it is, and the report says what was not possible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reluctant.instrument.torch_private import PrivateName, every_name
from tests.observe.runs import SOURCES

NAMES = [*every_name()]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By path: what came out without that name; by the empty path what comes out with all."""
    line = [sys.executable, str(Path(__file__).parent / "hidden.py"), str(tmp_path_factory.mktemp("hidden"))]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_table_has_every_name_once():
    paths = [entry.path for entry in NAMES]
    assert len(paths) == len(set(paths)) > 40


@pytest.mark.parametrize("entry", NAMES, ids=lambda entry: entry.path)
def test_this_torch_has_it(entry: PrivateName):
    assert entry.is_there()


@pytest.mark.parametrize("entry", NAMES, ids=lambda entry: entry.path)
def test_nothing_but_the_report_is_missing(entry: PrivateName, outcomes: dict[str, Any]):
    as_it_is, without = outcomes[""], outcomes[entry.path]
    assert "raised" not in without, without["raised"]
    assert without["trial"].get("raised") is None, without["trial"]
    assert without["nn"] == pytest.approx(as_it_is["nn"], rel=1e-4)
    for way in ("watch", "run"):
        assert without[way]["printed"] == as_it_is["watch"]["printed"]
        report = " ".join(without[way]["report"].split())
        assert "never called backward" not in report
        if entry.is_needed and "observe" in entry.parts and entry.path not in NOT_MET:
            assert "Reluctant could " in report
            assert f": this torch has no {entry.path}: without it {entry.lost}." in report
            assert "No fault was found" not in report
        else:
            assert "No fault was found" in report
    assert without["run"]["code"] == without["trial"]["code"] == 0
    assert without["trial"]["printed"] == as_it_is["trial"]["printed"] or not without["trial"]["trial"]["counts"]


NOT_MET = {"OptimizedModule._orig_mod"}
"""Needed only where a model is compiled."""
