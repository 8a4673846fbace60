"""``reluctant treat``, on trials that are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reluctant.cli import commands
from reluctant.errors import ReluctantError, UsageError
from reluctant.recording import Cause, Document, Finding, ProposedTreatment, Recording, Root, dumps, load
from reluctant.studies import Ended, Job, _options
from reluctant.treatments import propose
from tests.studies.made_up import Made, recording

TREATMENTS = (
    ProposedTreatment("lower-learning-rate", "0.1"),
    ProposedTreatment("scale-input"),
    ProposedTreatment("swap-activation", "leaky_relu"),
)


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "train.py"
    file.write_text("")
    return str(file)


def told(monkeypatch: pytest.MonkeyPatch, executor: Made, *arguments: str) -> Result:
    monkeypatch.setattr(_options, "executor", lambda *asked: executor)
    return CliRunner().invoke(commands, ["treat", *arguments], standalone_mode=False)


def dead(script: str) -> Finding:
    cause = Cause("learning-rate", "the update moved the biases far")
    return Finding("RL201", "dead-units", "error", "All dead.", script, 31, "fc1", cause=cause, treatments=TREATMENTS)


def cured_by(arm: str, *findings: Finding) -> Made:
    """A script with the findings, which only one arm cures."""

    def answer(job: Job) -> Ended:
        cured = job.trial.arm == arm
        loss = (0.1 if cured else 1.0) + job.trial.seed / 1000
        script = next((finding.file for finding in findings), "train.py")
        return Ended(job.trial, 0, 1.0, recording=recording(loss, findings=() if cured else findings, script=script))

    return Made(answer)


def test_the_cure_is_found_told_and_written(monkeypatch, script, tmp_path):
    output = str(tmp_path / "out.json")
    executor = cured_by("lower-learning-rate:0.1", dead(script))
    done = told(monkeypatch, executor, "-o", output, script, "--epochs", "3")
    assert done.exception is None
    assert done.return_value == 0
    assert "train.py:31: multiply the learning rate by 0.1 (verified, 5 trials)." in done.stdout
    assert f"Try it: reluctant run --treat lower-learning-rate:0.1 {script} --epochs 3" in done.stdout
    (finding,) = load(output).findings
    assert {treatment.name: treatment.verdict for treatment in finding.treatments} == {
        "lower-learning-rate": "verified",
        "scale-input": "no difference shown",
        "swap-activation": "no difference shown",
    }
    assert finding.cause.verified
    assert finding.treatments[0].comparison.finding_gone == 5


def test_the_change_is_shown_and_written_and_the_script_is_left_alone(monkeypatch, script, tmp_path):
    Path(script).write_text("from torch import nn\nactivation = nn.ReLU()\n")
    finding = Finding("RL201", "dead-units", "error", "All dead.", script, 2, "fc1", treatments=TREATMENTS[2:])
    patch = tmp_path / "cure.patch"
    done = told(monkeypatch, cured_by("swap-activation:leaky_relu@2", finding), "--write-patch", str(patch), script)
    assert done.exception is None
    assert "  +activation = nn.LeakyReLU(negative_slope=0.01)" in done.stdout
    assert patch.read_text().splitlines()[-1] == "+activation = nn.LeakyReLU(negative_slope=0.01)"
    assert Path(script).read_text() == "from torch import nn\nactivation = nn.ReLU()\n"


def test_the_change_that_is_shown_can_be_applied(monkeypatch, script):
    finding = Finding("RL201", "dead-units", "error", "All dead.", script, 4, "fc1", treatments=TREATMENTS[2:])
    Path(script).write_text("from torch import nn\nif True:\n    def made():\n        return nn.ReLU()\n\n\n#\tin tabs \x1b\n")
    done = told(monkeypatch, cured_by("swap-activation:leaky_relu@4", finding), script)
    shown = done.stdout.partition("@@\n")[2].splitlines()
    assert shown[3:5] == ["  -        return nn.ReLU()", "  +        return nn.LeakyReLU(negative_slope=0.01)"]
    assert shown[7] == "   #\tin tabs \\x1b"


def test_findings_that_one_treatment_cures_are_told_together(monkeypatch, script):
    other = Finding("RL201", "dead-units", "error", "All dead.", script, 40, "fc2", treatments=TREATMENTS)
    done = told(monkeypatch, cured_by("scale-input", dead(script), other), script)
    assert "train.py:31, train.py:40: scale the input" in done.stdout
    assert done.stdout.count("Try it:") == 1


def test_without_a_plain_change_no_patch_is_written(monkeypatch, script, tmp_path):
    patch = tmp_path / "cure.patch"
    done = told(monkeypatch, cured_by("scale-input", dead(script)), "--write-patch", str(patch), script)
    assert done.exception is None
    assert f"Not written: {patch}" in done.stderr
    assert not patch.exists()


def test_a_cure_of_another_kind_verifies_no_cause(monkeypatch, script, tmp_path):
    output = str(tmp_path / "out.json")
    told(monkeypatch, cured_by("scale-input", dead(script)), "-o", output, script)
    (finding,) = load(output).findings
    assert finding.treatments[1].verdict == "verified"
    assert not finding.cause.verified


@pytest.mark.parametrize(("kind", "arm"), [("depth", "normalise"), ("width", "reinitialise:he"), ("initialisation", "normalise")])
def test_every_cause_that_a_cure_removes_is_verified(monkeypatch, script, tmp_path, kind, arm):
    output = str(tmp_path / "out.json")
    found = propose(Document(Recording(), (replace(dead(script), cause=Cause(kind)),))).findings
    told(monkeypatch, cured_by(arm, *found), "-o", output, script)
    (finding,) = load(output).findings
    assert [str(treatment) for treatment in finding.treatments if treatment.verdict == "verified"] == [arm]
    assert finding.cause.verified


def test_without_a_cure_it_says_so_and_ends_with_1(monkeypatch, script):
    done = told(monkeypatch, cured_by("nothing", dead(script)), script)
    assert done.return_value == 1
    assert "train.py:31: no treatment of RL201 dead-units was verified." in done.stdout


def test_the_check_up_is_the_first_trial_and_no_trial_is_run_twice(monkeypatch, script):
    executor = cured_by("scale-input", dead(script))
    told(monkeypatch, executor, "--random", "0", script)
    assert len(executor.asked) == len(set(executor.asked))
    assert executor.asked[0].seed == 0
    assert {trial.arm for trial in executor.asked} == {
        "as it stands",
        "lower-learning-rate:0.1",
        "scale-input",
        "swap-activation:leaky_relu@31",
    }


def test_as_many_treatments_as_are_proposed_are_drawn_for_comparison(monkeypatch, script, tmp_path):
    output = str(tmp_path / "out.json")
    executor = cured_by("scale-input", dead(script))
    done = told(monkeypatch, executor, "--random", "equal", "-o", output, script)
    assert done.exception is None
    proposed = {"lower-learning-rate:0.1", "scale-input", "swap-activation:leaky_relu@31"}
    drawn = {trial.arm for trial in executor.asked} - proposed - {"as it stands"}
    assert len(drawn) == 3
    assert {str(treatment) for treatment in load(output).baseline} == drawn
    assert "For comparison: of 3 treatments drawn at random, none cured it." in done.stdout


def test_a_treatment_drawn_at_random_that_cures_is_named(monkeypatch, script):
    done = told(monkeypatch, cured_by("no-slope-decay", dead(script)), "--random", "9", script)
    assert "drawn at random, 1 cured it: no-slope-decay." in done.stdout
    assert done.return_value == 1


def test_a_number_of_random_treatments_that_is_none_is_refused(monkeypatch, script):
    done = told(monkeypatch, cured_by("nothing", dead(script)), "--random", "many", script)
    assert isinstance(done.exception, UsageError)


def test_what_else_could_help_is_tried_where_nothing_else_cures(monkeypatch, script, tmp_path):
    output, study = str(tmp_path / "out.json"), str(tmp_path / "study.json")
    executor = cured_by("reinitialise:he", dead(script))
    arguments = ("--random", "0", "--study", study, script)
    done = told(monkeypatch, executor, "-o", output, *arguments)
    assert done.return_value == 0
    asked = [trial.arm for trial in executor.asked]
    assert asked.index("swap-activation:leaky_relu@31") < asked.index("reinitialise:he")
    verdicts = {str(treatment): treatment.verdict for treatment in load(output).findings[0].treatments}
    assert verdicts["reinitialise:he"] == "verified"
    assert verdicts["scale-input"] == "no difference shown"
    executor.asked.clear()
    assert told(monkeypatch, executor, "--resume", *arguments).return_value == 0
    assert len(executor.asked) == 1  # the check-up


def test_what_else_could_help_is_left_where_something_cures(monkeypatch, script):
    executor = cured_by("scale-input", dead(script))
    told(monkeypatch, executor, "--random", "0", script)
    assert "reinitialise:he" not in {trial.arm for trial in executor.asked}


@pytest.mark.parametrize("severity", ["advice", None])
def test_a_healthy_script_is_run_once_and_nothing_is_proposed(monkeypatch, script, severity):
    findings = [] if severity is None else [Finding("RL103", "idle-activation", severity, "…", script, 3, treatments=TREATMENTS)]
    executor = cured_by("nothing", *findings)
    done = told(monkeypatch, executor, script)
    assert done.return_value == 0
    assert len(executor.asked) == 1
    assert "Nothing to treat" in done.stdout
    assert "Try it" not in done.stdout


def test_only_root_findings_are_treated(monkeypatch, script, tmp_path):
    output = str(tmp_path / "out.json")
    follower = Finding(
        "RL301",
        "vanishing-gradient",
        "error",
        "…",
        script,
        20,
        because_of=Root("RL201", script, 31),
        treatments=(ProposedTreatment("normalise"),),
    )
    executor = cured_by("lower-learning-rate:0.1", dead(script), follower)
    told(monkeypatch, executor, "-o", output, script)
    assert "normalise" not in {trial.arm for trial in executor.asked}
    assert [treatment.verdict for finding in load(output).findings[1:] for treatment in finding.treatments] == ["not tried"]


def test_a_script_that_fails_is_an_error_with_its_last_words(monkeypatch, script):
    done = told(monkeypatch, Made(lambda job: Ended(job.trial, 1, 1.0, last_words="NameError: x")), script)
    assert isinstance(done.exception, ReluctantError)
    assert "as it stands it gives nothing to treat: failed before its first step (NameError: x)." in str(done.exception)


def test_without_a_loss_and_without_a_finding_there_is_nothing_to_treat(monkeypatch, script):
    written = dumps(Document(Recording(script=script, finished=True))).encode()
    done = told(monkeypatch, Made(lambda job: Ended(job.trial, 0, 1.0, recording=written)), script)
    assert done.return_value == 0
    assert "Nothing to treat" in done.stdout


def test_without_a_loss_a_finding_cannot_be_treated(monkeypatch, script):
    written = dumps(Document(Recording(script=script, finished=True), (dead(script),))).encode()
    done = told(monkeypatch, Made(lambda job: Ended(job.trial, 0, 1.0, recording=written)), script)
    assert isinstance(done.exception, ReluctantError)
    assert "no loss was seen" in str(done.exception)


def test_a_script_that_fails_after_some_steps_is_treated(monkeypatch, script):
    def answer(job: Job) -> Ended:
        cured = job.trial.arm == "scale-input"
        written = recording(0.1 + job.trial.seed / 1000 if cured else 1.0, findings=[] if cured else [dead(script)], script=script)
        return Ended(job.trial, 0 if cured else 1, 1.0, recording=written)

    done = told(monkeypatch, Made(answer), script)
    assert done.exception is None
    assert "scale the input" in done.stdout
    assert done.return_value == 0


def test_outputs_are_checked_before_anything_runs(monkeypatch, script, tmp_path):
    executor = cured_by("nothing", dead(script))
    (tmp_path / "there.json").write_text("mine")
    for output, message in (("out.txt", "names no form"), (str(tmp_path / "there.json"), "the file exists")):
        done = told(monkeypatch, executor, "-o", output, script)
        assert isinstance(done.exception, UsageError)
        assert message in str(done.exception)
    assert executor.asked == []
    assert (tmp_path / "there.json").read_text() == "mine"
