"""Treating and comparing from Python: on trials that are made up, and once on a real script."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import reluctant
from reluctant.errors import ReluctantError, UsageError
from reluctant.recording import Cause, Document, Finding, Recording
from reluctant.studies import Ended, Job
from reluctant.treatments import propose
from tests.studies.made_up import Made, learning, losses_by_arm, recording

DYING = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "train.py"
    file.write_text("from torch import nn\nactivation = nn.ReLU()\n")
    return str(file)


def cured_by(arm: str, script: str) -> Made:
    """A script with dead units of narrow layers, which only one arm cures."""
    finding = Finding("RL201", "dead-units", "error", "All dead.", script, 2, "fc1", cause=Cause("width"))
    findings = propose(Document(Recording(), (finding,))).findings

    def answer(job: Job) -> Ended:
        cured = job.trial.arm == arm
        loss = (0.1 if cured else 1.0) + job.trial.seed / 1000
        return Ended(job.trial, 0, 1.0, recording=recording(loss, findings=() if cured else findings, script=script))

    return Made(answer)


def test_treating_gives_data_that_shows_itself(script: str) -> None:
    result = reluctant.treat(script, ["--epochs", "3"], executor=cured_by("swap-activation:leaky_relu@2", script), random=0)
    assert result.is_cured
    (finding,) = result.document.findings
    assert finding.cause is not None
    assert finding.cause.verified
    (change,) = result.changes
    assert (change.places, str(change.treatment)) == (("train.py:2",), "swap-activation:leaky_relu")
    assert "+activation = nn.LeakyReLU(negative_slope=0.01)" in result.patch
    assert {row["verdict"] for row in result.table()} == {"verified", "no difference shown"}
    assert f"Try it: reluctant run --treat swap-activation:leaky_relu@2 {script} --epochs 3" in str(result)
    assert "nn.LeakyReLU" in result._repr_html_()
    assert "<script" not in result._repr_html_()
    with pytest.raises(FrozenInstanceError):
        result.study = None  # type: ignore[misc]


def test_what_nothing_cures_is_said(script: str) -> None:
    result = reluctant.treat(script, executor=cured_by("nothing", script), random=0, seeds=3)
    assert not result.is_cured
    assert not result.patch
    assert "train.py:2: no treatment of RL201 dead-units was verified." in str(result)


def test_comparing_gives_a_row_for_each_activation(script: str) -> None:
    result = reluctant.compare(script, ["elu", "gelu"], executor=learning(losses_by_arm(untreated=1.0, elu=0.2)))
    assert result.is_complete
    assert [row["arm"] for row in result.table()] == ["as it stands", "elu", "gelu"]
    assert result.table()[1]["answer"] == "better"
    assert "elu" in str(result)
    assert "&lt;svg" in result._repr_html_()
    assert "<script" not in result._repr_html_()


def test_what_cannot_be_is_refused_before_anything_runs(script: str) -> None:
    executor = learning(losses_by_arm(untreated=1.0))
    with pytest.raises(UsageError, match="no such file"):
        reluctant.treat("no_such.py", executor=executor)
    with pytest.raises(UsageError, match="sequence of names"):
        reluctant.compare(script, "relu", executor=executor)
    with pytest.raises(UsageError, match="a goal is for a metric only"):
        reluctant.compare(script, ["relu"], goal="max", executor=executor)
    assert not executor.asked


def test_a_real_script_is_treated(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(DYING)
    result = reluctant.treat(str(file), seeds=3, steps=60, random=0, jobs=2)
    assert result.is_cured, str(result)
    assert [str(change.treatment) for change in result.changes] == ["remove-output-activation"]
    (finding,) = (found for found in result.document.findings if found.code == "RL401")
    assert finding.cause is not None
    assert finding.cause.verified
    assert file.read_text() == DYING


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"seeds": 0}, "--seeds: 0 is no whole number from 1 on"),
        ({"seeds": None}, "--seeds: None is no whole number"),
        ({"steps": 2.5}, "--steps: 2.5 is no whole number"),
        ({"jobs": 0}, "--jobs: 0 is no whole number"),
        ({"seconds": -5}, "--seconds: -5 is no length of time"),
        ({"budget": 0}, "--budget: 0 is no length of time"),
        ({"trial_timeout": float("nan")}, "--trial-timeout: nan is no length of time"),
        ({"by": "metric"}, "--by: 'metric' is none of loss, validation"),
        ({"goal": "least", "metric": "(.)"}, "--goal: 'least' is none of min, max"),
        ({"executor": Made}, "is no executor"),
        ({"random": -1}, "--random: -1 is no number of treatments"),
        ({"random": "all"}, "--random: 'all' is no number of treatments"),
        ({"arguments": "--lr 0.1"}, "--lr 0.1: the arguments of a script are a sequence"),
    ],
)
def test_a_value_that_no_option_takes_is_refused(options: dict[str, Any], what: str, script: str) -> None:
    executor = learning(losses_by_arm(untreated=1.0))
    with pytest.raises(UsageError, match=re.escape(what)):
        reluctant.treat(script, **{"executor": executor, **options})
    assert not executor.asked


def test_paths_and_numbers_are_taken_as_the_shell_would(script: str) -> None:
    result = reluctant.treat(Path(script), ["--lr", 0.1], executor=cured_by("nothing", script), random=0, seeds=3)
    assert (result.study.plan.script, result.study.plan.arguments) == (script, ("--lr", "0.1"))
    assert repr(result) == f"<TreatResult of {script}: 1 root finding, {len(result.study.results)} trials>"


def test_nothing_to_treat_leaves_no_trials_to_go(script: str) -> None:
    result = reluctant.treat(script, executor=learning(losses_by_arm(untreated=1.0)), seeds=2)
    assert result.is_cured
    assert str(result).endswith("Nothing to treat: no finding of weight that a treatment is known for.\n")


def test_a_script_that_fails_gives_nothing_to_compare(script: str) -> None:
    failing = Made(lambda job: Ended(job.trial, 1, 1.0, last_words="RuntimeError: no data"))
    with pytest.raises(ReluctantError, match=r"nothing to compare: failed before its first step \(RuntimeError: no data\)"):
        reluctant.compare(script, ["elu"], executor=failing)
