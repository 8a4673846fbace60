"""``reluctant compare``, on trials that are made up, and once on a real script."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from reluctant.cli import commands
from reluctant.errors import ReluctantError, UnknownNameError, UsageError
from reluctant.recording import Trial, load
from reluctant.studies import Ended, Job, _options, activation_arms, compared, load_study, losses_of, trial_command
from tests.studies.made_up import Made, learning, losses_by_arm, recording


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "train.py"
    file.write_text("")
    return str(file)


def told(monkeypatch: pytest.MonkeyPatch, executor: Made, *arguments: str) -> Result:
    monkeypatch.setattr(_options, "executor", lambda *asked: executor)
    return CliRunner().invoke(commands, ["compare", *arguments], standalone_mode=False)


def rows(output: str) -> dict[str, str]:
    """The rows by activation, white space made plain: of each the first, since columns that do not fit come in further tables."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    start = next(index for index, line in enumerate(lines) if line.startswith("activation "))
    end = next(index for index, line in enumerate(lines) if line.startswith("End loss:"))
    names = ("as it stands", "relu", "elu", "leaky_relu(0.1)")
    found: dict[str, str] = {}
    for line in lines[start:end]:
        for name in names:
            if line.startswith(f"{name} "):
                found.setdefault(name, line)
    return found


def test_the_ranking_and_what_was_shown(monkeypatch, script):
    means = {"untreated": 1.0, "elu": 0.2, "leaky_relu(0.1)": 1.9}
    done = told(monkeypatch, learning(losses_by_arm(**means)), "--activation", "leaky_relu(0.1),elu", script)
    assert done.exception is None
    assert done.return_value == 0
    found = rows(done.stdout)
    assert list(found) == ["elu", "as it stands", "leaky_relu(0.1)"]
    assert found["elu"].endswith("better")
    assert found["leaky_relu(0.1)"].endswith("worse")
    assert "never" in found["leaky_relu(0.1)"]
    assert "paired over 5 seeds" in " ".join(done.stdout.split())


def test_no_difference_shown_is_an_answer(monkeypatch, script):
    done = told(monkeypatch, learning(losses_by_arm(untreated=1.0)), "--activation", "elu", script)
    assert "no difference shown" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("suffix", "start"), [("html", "<!DOCTYPE html>"), ("md", "## elu is better"), ("json", '{"kind":"study"'), ("txt", "reluctant · ")]
)
def test_what_was_shown_is_written_in_the_form_of_the_suffix(monkeypatch, script, tmp_path, suffix, start):
    file = str(tmp_path / f"out.{suffix}")
    done = told(monkeypatch, learning(losses_by_arm(untreated=1.0, elu=0.2)), "--activation", "elu", "-o", file, script)
    assert done.exception is None
    assert Path(file).read_text().startswith(start)
    assert f"Written: {file}" in done.stderr


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(monkeypatch, script, tmp_path):
    (tmp_path / "out.html").write_text("precious")
    executor = learning(losses_by_arm(untreated=1.0))
    for name, message in (("out.html", "the file exists"), ("out.docx", "stands for no form of the report")):
        done = told(monkeypatch, executor, "--activation", "elu", "-o", str(tmp_path / name), script)
        assert isinstance(done.exception, UsageError)
        assert message in str(done.exception)
    assert executor.asked == []
    assert (tmp_path / "out.html").read_text() == "precious"


def test_what_was_not_applied_is_told(monkeypatch, script):
    def answer(job: Job) -> Ended:
        trial = Trial(counts=job.trial.arm != "relu", why_not="no activation that could be exchanged was called")
        return Ended(job.trial, 0, 1.0, recording=recording(1.0, trial=trial))

    done = told(monkeypatch, Made(answer), "--activation", "relu,elu", script)
    assert rows(done.stdout)["relu"].endswith("not tried")
    assert "relu: 1 of 1 not counted: no activation that could be exchanged was called." in done.stdout


def test_a_script_that_fails_as_it_stands_is_an_error_with_its_last_words(monkeypatch, script):
    executor = Made(lambda job: Ended(job.trial, 1, 1.0, last_words="Traceback\nNameError: x"))
    done = told(monkeypatch, executor, "--activation", "elu", script)
    assert isinstance(done.exception, ReluctantError)
    assert str(done.exception).startswith(
        f"{script}: as it stands the script gives nothing to compare: failed before its first step (NameError: x)."
    )


def test_a_study_is_written_after_each_trial_and_gone_on_with(monkeypatch, script, tmp_path):
    file = str(tmp_path / "study.json")

    def interrupted(job: Job) -> Ended:
        if job.trial.seed == 2:
            raise KeyboardInterrupt
        return Ended(job.trial, 0, 1.0, recording=recording(1.0))

    begun = ["--activation", "elu", "--study", file, "--seeds", "3"]
    stopped = told(monkeypatch, Made(interrupted), *begun, script)
    assert isinstance(stopped.exception, click.Abort)
    assert f"The trials so far are in {file}" in stopped.stderr
    assert len(load_study(file).results) == 4
    refused = told(monkeypatch, learning(losses_by_arm(untreated=1.0)), *begun, script)
    assert isinstance(refused.exception, UsageError)
    rest = learning(losses_by_arm(untreated=1.0))
    done = told(monkeypatch, rest, *begun, "--resume", script)
    assert done.exception is None
    assert len(rest.asked) == 2
    assert len(load_study(file).results) == 6


def test_a_budget_that_is_not_enough_is_told(monkeypatch, script):
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    executor = learning(losses_by_arm(untreated=1.0))
    done = told(monkeypatch, executor, "--activation", "elu", "--seeds", "90", "--budget", "30s", script)
    assert done.return_value == 1
    assert 2 <= len(executor.asked) < 60
    assert "did not run for want of time." in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--activation", "eluu"], UnknownNameError, "elu"),
        (["--activation", " , "], UsageError, "no activation is named"),
        (["--activation", "elu", "--budget", "soon"], UsageError, "--budget"),
        (["--activation", "elu", "--trial-timeout", "soon"], UsageError, "--trial-timeout"),
        (["--activation", "elu", "--resume"], UsageError, "--study"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(monkeypatch, script, arguments, error, message):
    executor = learning(losses_by_arm(untreated=1.0))
    done = told(monkeypatch, executor, *arguments, script)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)
    assert executor.asked == []


def test_a_script_that_is_not_there_is_refused(monkeypatch, tmp_path):
    done = told(monkeypatch, learning(losses_by_arm(untreated=1.0)), "--activation", "elu", str(tmp_path / "none.py"))
    assert isinstance(done.exception, UsageError)
    assert "there is no such file" in str(done.exception)


def test_commas_inside_brackets_belong_to_an_activation():
    names = [arm.name for arm in activation_arms(["hardtanh(-2, 2),elu", "elu,relu"])]
    assert names == ["hardtanh(-2, 2)", "elu", "relu"]


def test_weights_are_drawn_anew_where_it_is_asked_for():
    swapped, drawn = ("swap-activation:elu",), ("swap-activation:elu", "reinitialise:lecun")
    assert [arm.treatments for arm in activation_arms(["elu"])] == [swapped]
    assert [(arm.name, arm.treatments) for arm in activation_arms(["elu"], "lecun")] == [("elu, lecun", drawn)]
    assert [arm.treatments for arm in activation_arms(["elu"], "lecun", both=True)] == [swapped, drawn]
    assert activation_arms(["elu"], both=True)[1].treatments[1] == "reinitialise:he"
    with pytest.raises(UsageError):
        activation_arms(["elu"], "hee")


def test_the_arguments_after_the_script_are_the_scripts(monkeypatch, script):
    seen: list[Job] = []

    def answer(job: Job) -> Ended:
        seen.append(job)
        return Ended(job.trial, 0, 1.0, recording=recording(1.0))

    told(monkeypatch, Made(answer), "--activation", "elu", "--steps", "7", "--trial-timeout", "9s", script, "--seeds", "99")
    assert len(seen) == 10
    assert seen[0].command[-5:] == ("--steps", "7", script, "--seeds", "99")
    assert seen[0].time_limit == 9.0


def test_trials_get_folders_of_their_own(monkeypatch, script, tmp_path):
    seen: list[Job] = []

    def answer(job: Job) -> Ended:
        seen.append(job)
        return Ended(job.trial, 0, 1.0, recording=recording(1.0))

    folder = tmp_path / "trials"
    told(monkeypatch, Made(answer), "--activation", "elu", "--workdir", str(folder), script)
    assert len({job.command[job.command.index("--workdir") + 1] for job in seen}) == 10
    (folder / "mine.txt").write_text("")
    refused = told(monkeypatch, Made(answer), "--activation", "elu", "--workdir", str(folder), script)
    assert isinstance(refused.exception, UsageError)
    assert len(seen) == 10


def test_seconds_of_trials_are_told_and_passed_on(monkeypatch, script):
    seen: list[Job] = []

    def answer(job: Job) -> Ended:
        seen.append(job)
        return Ended(job.trial, 0, 1.0, recording=recording(1.0))

    done = told(monkeypatch, Made(answer), "--activation", "elu", "--seconds", "1m30s", script)
    assert all(job.command[-3:] == ("--seconds", "90", script) for job in seen)
    assert "90 s each" in " ".join(done.stdout.split())
    wrong = told(monkeypatch, Made(answer), "--activation", "elu", "--seconds", "soon", script)
    assert isinstance(wrong.exception, UsageError)


SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(128, 8)
y = x.prod(1, keepdim=True)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
while True:
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
"""


@pytest.mark.slow
def test_a_real_script_is_run_under_each_activation(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    command = ["compare", "--activation", "tanh", "--seeds", "3", "--steps", "50", "--study", "study.json", "train.py"]
    done = subprocess.run([sys.executable, "-m", "reluctant", *command], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    study = load_study(tmp_path / "study.json")
    assert len(study.results) == 6
    assert all(result.counts and result.steps == 50 for result in study.results), study.results
    ends = {result.losses.end for result in study.results}
    assert len(ends) == 6, "each seed and each activation is a run of its own"
    assert "as it stands" in done.stdout


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a study of three kinds of activations in a script with a ReLU, and what was printed in 80 columns."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "train.py").write_text(SCRIPT)
    command = ["compare", "--activation", "relu,prelu,elu", "--seeds", "1", "--steps", "50", "--study", "study.json", "train.py"]
    done = subprocess.run(
        [sys.executable, "-m", "reluctant", *command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_arms_keep_what_their_activation_needs_for_backward(kinds):
    folder, printed = kinds
    found = {arm.arm: arm for arm in compared(load_study(folder / "study.json"))}
    assert list(found) == ["as it stands", "relu", "prelu", "elu"]
    batch, hidden, loss = 128 * 8 * 4, 128 * 32 * 4, 2 * 128 * 4
    assert found["as it stands"].kept_bytes == found["relu"].kept_bytes == batch + hidden + loss
    assert found["prelu"].kept_bytes == found["elu"].kept_bytes == batch + 2 * hidden + loss
    assert found["relu"].end == found["as it stands"].end, "the script has a ReLU"
    assert len({found[name].end for name in ("relu", "prelu", "elu")}) == 3
    assert "kept MB" in printed
    assert f"{(batch + hidden + loss) / 1e6:.3g}" in printed
    assert f"{(batch + 2 * hidden + loss) / 1e6:.3g}" in printed


@pytest.mark.slow
def test_the_slopes_that_an_arm_learned_come_out_of_its_trial(kinds):
    folder, _ = kinds
    study = load_study(folder / "study.json")
    (arm,) = (arm for arm in study.plan.arms if arm.name == "prelu")
    program, *arguments = shlex.split(trial_command(study.plan, arm))
    assert program == "reluctant"
    command = [sys.executable, "-m", "reluctant", "run", "--quiet", "-o", "prelu.json", *arguments[1:]]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    recording = load(folder / "prelu.json").recording
    (site,) = (site for site in recording.sites if site.operation == "prelu")
    (slope,) = (parameter for parameter in recording.parameters if parameter.id == site.slope)
    assert (slope.role, slope.shape, slope.optimizer) == ("slope", (1,), 0)
    assert slope.moments[0].mean == 0.25
    assert abs(slope.moments[-1].mean - 0.25) > 0.01
    assert losses_of(recording).end == study.of("prelu")[0].losses.end, "the trial can be repeated by hand"
