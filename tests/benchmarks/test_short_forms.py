"""Every benchmark runs in its short form, and what it can tell in so short a time is as it should be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from code_lines import counted

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SOURCES = BENCHMARKS.parent / "src"


def short_form(benchmark: str, *options: str) -> str:
    """What the benchmark prints; fails with it where its exit code is not 0."""
    line = [sys.executable, str(BENCHMARKS / f"{benchmark}.py"), "--short", *options]
    ended = subprocess.run(
        line, cwd=BENCHMARKS, env={**os.environ, "PYTHONPATH": str(SOURCES)}, capture_output=True, text=True, timeout=400
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.slow
def test_a_dozen_labelled_scripts_reach_every_bar():
    assert "every bar reached" in short_form("score_corpus", "-j", "2", "--bars")


@pytest.mark.slow
def test_watched_training_is_the_same_to_the_bit():
    assert short_form("overhead").count("the same to the bit") == 3


@pytest.mark.slow
def test_no_recording_is_above_its_bounds():
    assert "report in" in short_form("scale")


@pytest.mark.slow
def test_a_comparison_runs_the_script_itself_as_its_trial_0():
    assert "4 trials; trial 0 and plain python: the same to the bit" in short_form("compare_wall")


def test_a_linear_activation_keeps_one_side():
    told = short_form("linear_activation", "--activation", "gelu", "--activation", "swiglu", "--width", "64", "--batch", "64")
    assert "8 → 4" in told
    assert told.count("→") == 2


def test_every_activation_is_measured_and_as_exact_as_torchs():
    told = short_form("every_activation")
    for member in ("prelu, each channel", "gelu_tanh", "swiglu", "mish cnn"):
        assert member in told
    assert "geometric mean over" not in told  # that is for tensors of full size


def test_lines_of_code_are_those_that_run(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "narrow.py").write_text(
        '"""What it is."""\n\nSHARE = 0.5\n"""Why."""\n\n\nclass Narrow:\n    """A rule."""\n\n'
        '    bad = """\n    import torch\n\n    """\n    cases = (\n        1,  # one\n    )\n\n'
        '    # a comment\n    def check(self):\n        """Say."""\n        return """\n        two\n        lines"""\n'
    )
    assert counted(tmp_path)["rules"] == {"files": 1, "code": 6, "cases": 6}
    ended = subprocess.run([sys.executable, str(BENCHMARKS / "code_lines.py"), str(SOURCES / "reluctant")], capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1].endswith("+0"), ended.stderr


def test_the_kernels_coefficients_are_those_that_are_computed():
    ended = subprocess.run([sys.executable, str(BENCHMARKS / "coefficients.py")], capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_cases_of_the_rules_notice_what_is_changed():
    told = short_form("mutants")
    assert "0 changes of findings unnoticed; 0 stale reasons" in told
