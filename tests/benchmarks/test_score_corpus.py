"""The command around the score: what it runs, what it keeps, and when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

import score_corpus
from labels import Case, labelled_cases
from reluctant.recording import Cause, Document, Finding, Recording, save
from score_corpus import SHORT, Outcome, OutcomeFile, key, report

CASES = [case for case in labelled_cases() if case.scored]


def perfect(case: Case) -> Outcome:
    """What a run would leave about which there is nothing to say."""
    cause = Cause(next(iter(sorted(case.causes)), "none"))  # type: ignore[arg-type]
    findings = [
        Finding(expected.code, "a-rule", "error", "", case.file, min(expected.lines, default=0), cause=cause) for expected in case.expected
    ]
    return Outcome(key(case), 1.0, tuple(findings))


def test_the_short_form_is_a_dozen_scripts_of_every_kind():
    cases = [case for case in CASES if case.name in SHORT]
    assert len(cases) == len(SHORT) == 12
    assert {case.kind for case in cases} == {"faulty", "healthy", "so109"}


def test_perfect_outcomes_reach_every_bar(capsys):
    assert report(CASES, {case.name: perfect(case) for case in CASES}, bars=True) == 0
    assert "every bar reached" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        ("healthy", {"findings": (Finding("RL201", "dead-units", "warning", "", "x.py", 7),)}, "no false alarm on healthy scripts"),
        ("faulty", {"findings": ()}, "recall at least 0.95"),
        ("faulty", {"failure": "ended after 5 s"}, "a report on every script"),
        ("healthy", {"complaint": "reluctant: an error of its own"}, "no error of Reluctant's own"),
    ],
)
def test_one_kind_of_script_done_badly_misses_its_bar(kind, changed, said, capsys):
    outcomes = {case.name: perfect(case) for case in CASES}
    for case in CASES:
        if case.kind == kind:
            outcomes[case.name] = Outcome(key(case), 1.0, **{"findings": outcomes[case.name].findings, **changed})
    assert report(CASES, outcomes, bars=True) == 1
    assert said in capsys.readouterr().out.splitlines()[-1]


def test_what_was_saved_is_kept_while_code_and_script_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept, changed, missing = CASES[:3]
    file = tmp_path / "scores.json"
    OutcomeFile(file).save({kept.name: perfect(kept), changed.name: Outcome("of other code", 1.0)})
    ran = []
    monkeypatch.setattr(score_corpus, "run", lambda case, timeout, recordings: ran.append(case) or perfect(case))
    line = ["score_corpus.py", "--json", str(file), "--resume", "--only", kept.name, changed.name, missing.name]
    monkeypatch.setattr("sys.argv", line)
    assert score_corpus.main() == 0
    assert ran == [changed, missing]
    assert OutcomeFile(file).load().keys() == {kept.name, changed.name, missing.name}


def test_kept_recordings_are_judged_without_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    case = next(case for case in CASES if case.kind == "healthy")
    (tmp_path / "healthy").mkdir()
    save(Document(Recording()), tmp_path / Path(case.name).with_suffix(".json"))
    monkeypatch.setattr(score_corpus, "run", None)
    monkeypatch.setattr("sys.argv", ["score_corpus.py", "--recordings", str(tmp_path), "--rejudge", "--only", case.name, "--bars"])
    assert score_corpus.main() == 0
    assert "false alarms      0" in capsys.readouterr().out
