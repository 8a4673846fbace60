"""``reluctant report``: a saved run shown again, judged by the rules of today, in every form."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reluctant.diagnosis import document_of
from reluctant.recording import Cause, Document, ProposedTreatment, load, save
from reluctant.report import renderers
from reluctant.rules import all_rules, select
from reluctant.studies import save_study
from tests import recordings
from tests.report.studies import answered, failing


@pytest.fixture
def blocked(tmp_path: Path) -> str:
    save(Document(recordings.blocked_layer()), tmp_path / "run.json")
    return "run.json"


def test_judges_and_shows_again(reluctant, blocked: str) -> None:
    ended = reluctant("report", blocked)
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.startswith("reluctant · train.py · 1,200 steps, 38 measured, overhead 1.1 %\n")
    assert "error RL202 blocked-layer" in ended.out
    assert ended.out.splitlines()[-1] == "Again: reluctant report run.json · Rule: reluctant rule RL202"


def test_shows_a_killed_run(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.killed_run()), tmp_path / "run.json")
    assert "The run was killed or is still going on" in reluctant("report", "run.json").out


FORMS = [("md", "## This network"), ("html", "<!DOCTYPE html>"), ("txt", "reluctant · train.py"), ("json", '{\n"format": 1')]


@pytest.mark.parametrize(("suffix", "start"), FORMS)
def test_writes_the_form_of_the_suffix(suffix: str, start: str, reluctant, blocked: str, tmp_path: Path) -> None:
    ended = reluctant("report", blocked, "-o", f"out.{suffix}")
    assert (ended.exit_code, ended.out, ended.err) == (0, "", f"Written: out.{suffix}\n")
    assert (tmp_path / f"out.{suffix}").read_text().startswith(start)


def test_json_holds_the_new_judgement(reluctant, blocked: str, tmp_path: Path) -> None:
    reluctant("report", blocked, "-o", "out.json", "--select", "RL202")
    expected = document_of(recordings.blocked_layer(), select(all_rules(), ["RL202"])).findings
    assert load(tmp_path / "out.json").findings == expected != ()


def test_an_existing_file_is_kept_without_force(reluctant, blocked: str, tmp_path: Path) -> None:
    (tmp_path / "out.md").write_text("precious")
    ended = reluctant("report", blocked, "-o", "out.md")
    assert ended.exit_code == 2
    assert "out.md: the file exists" in ended.err
    assert (tmp_path / "out.md").read_text() == "precious"
    assert reluctant("report", blocked, "-o", "out.md", "--force").exit_code == 0
    assert (tmp_path / "out.md").read_text() != "precious"


def test_rules_can_be_chosen(reluctant, blocked: str) -> None:
    assert "error RL202" not in reluctant("report", blocked, "--ignore", "blocked-layer").out
    assert "error RL202" in reluctant("report", blocked, "--select", "RL2,RL1").out
    assert "error RL202" not in reluctant("report", blocked, "--select", "RL4").out


def test_what_was_not_looked_for_is_not_said_to_be_absent(reluctant, blocked: str) -> None:
    told = " ".join(reluctant("report", blocked, "--select", "RL4").out.split())
    assert "Not everything could be judged: see the end." in told
    assert "RL202 blocked-layer" in told
    assert "left out by --select or --ignore" in told
    assert "left out by" not in reluctant("report", blocked).out


def test_all_shows_every_site(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.deep_stack(layers=40, units=10, measured=3)), tmp_path / "run.json")
    assert "more sites" in reluctant("report", "run.json").out
    everything = reluctant("report", "run.json", "--all").out
    assert "more sites" not in everything
    assert everything.count(" relu ") == 40


def test_what_trials_found_out_is_kept(reluctant, tmp_path: Path) -> None:
    recording = recordings.blocked_layer()
    judged = document_of(recording, all_rules()).findings
    tried = (ProposedTreatment("lower-learning-rate", "0.1", "verified", 5),)
    findings = tuple(replace(each, treatments=tried, cause=Cause("learning-rate", "It was.", verified=True)) for each in judged)
    save(Document(recording, findings), tmp_path / "run.json")
    shown = reluctant("report", "run.json").out
    assert "multiply the learning rate by 0.1 (verified, 5 trials)" in shown
    assert "learning-rate, verified: It was." in shown


@pytest.fixture
def study(tmp_path: Path) -> str:
    save_study(answered(), tmp_path / "study.json")
    return "study.json"


def test_a_study_is_shown_as_compare_shows_it(reluctant, study: str) -> None:
    ended = reluctant("report", study)
    assert (ended.exit_code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "reluctant · train.py --epochs 3 · 5 activations, 5 seeds, 600 steps each"
    assert lines[2].startswith("2 of 5 activations are better than the script as it stands; gelu ends lowest,")
    assert lines[-1] == "Page: reluctant report study.json -o study.html"


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("md", "## 2 of 5 activations"), ("html", "<!DOCTYPE html>"), ("txt", "reluctant · "), ("json", '{"kind":"study"')],
)
def test_a_study_is_written_in_the_form_of_the_suffix(suffix: str, start: str, reluctant, study: str, tmp_path: Path) -> None:
    ended = reluctant("report", study, "-o", f"out.{suffix}")
    assert (ended.exit_code, ended.out, ended.err) == (0, "", f"Written: out.{suffix}\n")
    assert (tmp_path / f"out.{suffix}").read_text().startswith(start)
    assert reluctant("report", study, "-o", f"out.{suffix}").exit_code == 2


def test_the_json_of_a_study_is_shown_again(reluctant, study: str) -> None:
    reluctant("report", study, "-o", "again.json")
    shown, again = reluctant("report", study), reluctant("report", "again.json")
    assert shown.out.splitlines()[:-1] == again.out.splitlines()[:-1]


def test_a_study_is_opened_as_a_page(reluctant, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    ended = reluctant("report", study, "--open")
    assert (ended.exit_code, ended.out) == (0, "")
    assert ended.err.startswith("Page: ")
    (address,) = opened
    assert "activations compared in" in Path(address.removeprefix("file://")).read_text()
    assert "no page to open" in reluctant("report", study, "--open", "-o", "out.md").err


def test_a_study_has_no_findings_to_choose_from(reluctant, study: str) -> None:
    ended = reluctant("report", study, "--select", "RL2")
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("Error: study.json: it is a study, which holds no findings to choose from.")


def test_a_study_in_which_the_script_failed_is_an_error_on_the_terminal_and_a_page(reluctant, tmp_path: Path) -> None:
    save_study(failing(), tmp_path / "study.json")
    ended = reluctant("report", "study.json")
    assert (ended.exit_code, ended.out) == (2, "")
    assert "as it stands the script gives nothing to compare: failed before its first step (NameError: x)." in ended.err
    assert reluctant("report", "study.json", "-o", "out.html").exit_code == 0
    assert "As it stands the script gives nothing to compare" in (tmp_path / "out.html").read_text()


def test_a_study_that_is_broken_or_newer_is_said(reluctant, tmp_path: Path) -> None:
    for text, said in (('{"kind":"study","format":1}', "this is no study"), ('{"kind":"study","format":99}', "format 99")):
        (tmp_path / "study.json").write_text(text)
        ended = reluctant("report", "study.json")
        assert (ended.exit_code, ended.out) == (2, "")
        assert said in ended.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("", "is empty"),
        ("step 1 loss 2.3", "not JSON"),
        ("{}", "no recording"),
        ('{"format": 1, "reluctant": "0.1", "si', "ends in the middle"),
        ('{"format": 99, "reluctant": "7.0", "sites": []}', "format 99"),
    ],
)
@pytest.mark.parametrize("name", ["report", "check"])
def test_what_cannot_be_read_is_said_in_one_line(name: str, content: str | None, said: str, reluctant, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    ended = reluctant(name, "run.json")
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("Error: run.json: ")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_other_wrong_input_is_said(reluctant, blocked: str) -> None:
    assert reluctant("report", ".").exit_code == 2
    assert reluctant("report").exit_code == 2
    unknown = reluctant("report", blocked, "--select", "RL999")
    assert (unknown.exit_code, "Known: " in unknown.err) == (2, True)
    suffix = reluctant("report", blocked, "-o", "out.docx")
    assert suffix.exit_code == 2
    assert all(form.suffix in suffix.err for form in renderers().values())


def test_starts_without_torch() -> None:
    code = "import sys; from reluctant.cli import check, report, rule; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_hostile_names_reach_no_terminal(reluctant, tmp_path: Path) -> None:
    save(recordings.hostile_document(), tmp_path / "run.json")
    for name in ("report", "check"):
        ended = reluctant(name, "run.json")
        assert "\x1b" not in ended.out + ended.err
        assert "‮" not in ended.out + ended.err
