"""The head sentence: what was found, or that nothing was found, or that nothing was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reluctant.recording import FAILURE, Document, Finding, NotJudged, Recording, Root, Severity, Unobserved
from reluctant.report import verdict
from reluctant.report._verdict import end_of_run
from tests import recordings


def finding(severity: Severity, code: str = "RL201", line: int = 31, because_of: Root | None = None) -> Finding:
    return Finding(code, "dead-units", severity, "m", recordings.SCRIPT, line, "fc1", 0, because_of=because_of)


@pytest.mark.parametrize(
    ("severity", "start"),
    [
        ("error", "This network cannot learn as it should: dead units at train.py:31, after fc1."),
        ("warning", "This network learns worse than it could: dead units at train.py:31, after fc1."),
        ("advice", "No fault was found, but a gain is left: dead units at train.py:31, after fc1."),
    ],
)
def test_the_gravest_finding_is_the_verdict(severity: Severity, start: str) -> None:
    said = verdict(Document(recordings.healthy_mlp(), (finding(severity),)))
    assert (said.kind, said.sentence) == (severity, start)


def test_the_root_is_named_and_is_as_grave_as_what_follows() -> None:
    root = finding("warning", "RL304", 10)
    follower = finding("error", "RL202", 31, Root("RL304", recordings.SCRIPT, 10))
    said = verdict(Document(recordings.healthy_mlp(), (follower, finding("warning", "RL201", 5), root)))
    assert said.kind == "error"
    assert "train.py:10" in said.sentence


def test_a_finding_without_a_place_is_named_alone() -> None:
    said = verdict(Document(recordings.healthy_mlp(), (Finding("RL101", "linear-network", "error", "m"),)))
    assert said.sentence == "This network cannot learn as it should: linear network."


def test_a_layer_whose_name_is_a_number_is_called_a_layer() -> None:
    said = verdict(Document(recordings.healthy_mlp(), (Finding("RL101", "linear-network", "error", "m", layer="0"),)))
    assert said.sentence.endswith("linear network, at layer 0.")


@pytest.mark.parametrize(
    ("recording", "said"),
    [
        (recordings.nothing_observed(), "The script never called backward"),
        (
            replace(recordings.nothing_observed(), not_observed=(Unobserved("training in child processes", "children are not watched."),)),
            "Nothing was observed, and nothing is judged: children are not watched.",
        ),
        (Recording(), "The run was killed or is still going on, and had not called backward"),
        (Recording(exit_code=1, finished=True), "ended with exit code 1 before it called backward"),
        (Recording(exit_code=-9), "was ended by SIGKILL before it called backward"),
        (Recording(exit_code=130), "was ended by SIGINT before it called backward"),
        (Recording(exit_code=0, finished=True, passes=1), "Backward was called once, but no step was measured"),
        (Recording(exit_code=0, finished=True, passes=1200), "Backward was called 1,200 times, but no step was measured"),
    ],
)
def test_nothing_observed_is_never_clear(recording: Recording, said: str) -> None:
    found = verdict(Document(recording))
    assert found.kind == "nothing"
    assert said in found.sentence
    assert "No fault" not in found.sentence


def test_nothing_found_says_in_what() -> None:
    said = verdict(Document(recordings.healthy_mlp()))
    assert (said.kind, said.sentence) == ("clear", "No fault was found in 3 activation sites over 38 measured steps.")


def test_nothing_found_says_that_not_everything_was_judged() -> None:
    recording = recordings.healthy_mlp()
    assert "Not everything" in verdict(Document(recording, not_judged=(NotJudged("RL404", "unreachable-target", "no targets"),))).sentence
    missed = replace(recording, not_observed=(Unobserved("a region", "compiled"),))
    assert "Not everything" in verdict(Document(missed)).sentence


def test_what_the_recording_lacks_is_no_fault_and_no_gain() -> None:
    few = Finding("RL902", "too-few-samples", "advice", "12 units were silent on 40 samples.", recordings.SCRIPT, 31, "fc1", 0)
    said = verdict(Document(recordings.healthy_mlp(), (few,)))
    assert said.kind == "clear"
    assert "Not everything" in said.sentence
    assert verdict(Document(recordings.nothing_observed(), (few,))).kind == "nothing"


def test_a_run_without_activations_is_not_called_free_of_faults_in_them() -> None:
    said = verdict(Document(replace(recordings.healthy_mlp(), sites=())))
    assert said.sentence == "No activation was seen in 38 measured steps, so none is judged; no other fault was found."


@pytest.mark.parametrize(
    ("exit_code", "finished", "said"),
    [
        (0, True, ""),
        (None, True, ""),
        (None, False, "killed or is still going on: this is what was seen up to step 1,200"),
        (1, True, "ended with exit code 1 after 1,200 steps"),
        (-15, False, "was ended by SIGTERM after 1,200 steps"),
        (143, True, "was ended by SIGTERM after 1,200 steps"),
        (255, True, "ended with exit code 255"),
    ],
)
def test_the_end_of_a_run_is_told(exit_code: int | None, finished: bool, said: str) -> None:
    told = end_of_run(replace(recordings.healthy_mlp(), exit_code=exit_code, finished=finished))
    assert told == "" if not said else said in told


def test_a_failure_of_ours_heads_the_report_and_is_no_all_clear():
    lost = (Unobserved(FAILURE, "this torch has no torch._C.x: without it nothing is seen"),)
    at_once = verdict(Document(Recording(torch="2.20", finished=True, not_observed=lost)))
    assert at_once.kind == "nothing"
    assert at_once.sentence == (
        "Reluctant could not watch this run, and nothing is judged: this torch has no torch._C.x: without it nothing is seen."
    )
    later = verdict(Document(Recording(finished=True, steps=40, passes=40, measured_steps=7, not_observed=lost)))
    assert later.kind == "nothing"
    assert later.sentence.startswith("Reluctant could watch this run only up to step 40: this torch has no")
    assert "No fault was found" not in later.sentence
