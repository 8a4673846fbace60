"""What a run comes to, in one sentence."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from reluctant.numbers import count, plural
from reluctant.recording import Document, Finding, Recording, Unobserved
from reluctant.rules import about_measurement, about_network, finding_tree

from ._locations import locations_of

VerdictKind = Literal["error", "warning", "advice", "clear", "nothing"]
"""The gravest finding; `clear` where there is none, `nothing` where nothing was observed, which is never clear."""

_MEANING = {
    "error": "This network cannot learn as it should",
    "warning": "This network learns worse than it could",
    "advice": "No fault was found, but a gain is left",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The head sentence of a report and what kind it is."""

    kind: VerdictKind
    sentence: str


def verdict(document: Document) -> Verdict:
    """What the document comes to: its gravest root, or that nothing was found, or that nothing was seen."""
    recording = document.recording
    branches = finding_tree(about_network(document.findings))
    kind = branches[0].severity if branches else "clear"
    failed = next((lost for lost in recording.not_observed if lost.is_failure), None)
    if failed is not None and kind in ("advice", "clear"):  # what came after it may be anything
        return Verdict("nothing", _cut_off(recording, failed))
    if branches:
        return Verdict(kind, f"{_MEANING[kind]}: {_headline(branches[0].root, recording)}.")
    if not recording.passes or not recording.measured_steps:
        return Verdict("nothing", _nothing_observed(recording))
    return Verdict("clear", _nothing_found(document))


def end_of_run(recording: Recording) -> str:
    """How a run that did not end well ended, as a sentence; empty for one that did."""
    if _is_unfinished(recording):
        return f"The run was killed or is still going on: this is what was seen up to step {count(recording.steps)}."
    if recording.exit_code:
        return f"The script {_exit(recording.exit_code)} after {plural(recording.steps, 'step')}."
    return ""


def _headline(finding: Finding, recording: Recording) -> str:
    where = locations_of(recording).of(finding)
    return f"{finding.name.replace('-', ' ')}{f' at {where}' if finding.file else f', {where}' if where else ''}"


def _cut_off(recording: Recording, failed: Unobserved) -> str:
    """How far the watching came until Reluctant failed."""
    why = failed.why.rstrip(".")
    if not recording.measured_steps:
        return f"Reluctant could not watch this run, and nothing is judged: {why}."
    seen = plural(recording.measured_steps, "measured step")
    return f"Reluctant could watch this run only up to step {count(recording.steps)}: {why}. No fault showed in {seen} until then."


def _nothing_observed(recording: Recording) -> str:
    if recording.passes:
        return f"Backward was called {_times(recording.passes)}, but no step was measured: nothing is judged."
    if _is_unfinished(recording):
        return "The run was killed or is still going on, and had not called backward: there is nothing to judge."
    if recording.exit_code:
        return f"The script {_exit(recording.exit_code)} before it called backward: nothing was observed, and nothing is judged."
    if recording.torch and recording.not_observed:  # it may well have been called where it could not be seen
        return f"Nothing was observed, and nothing is judged: {recording.not_observed[0].why.rstrip('.')}."
    return "The script never called backward: nothing was observed, and nothing is judged."


def _nothing_found(document: Document) -> str:
    recording = document.recording
    steps = plural(recording.measured_steps, "measured step")
    if recording.sites:
        sentence = f"No fault was found in {plural(len(recording.sites), 'activation site')} over {steps}."
    else:
        sentence = f"No activation was seen in {steps}, so none is judged; no other fault was found."
    if document.not_judged or recording.not_observed or about_measurement(document.findings):
        sentence += " Not everything could be judged: see the end."
    return sentence


def _is_unfinished(recording: Recording) -> bool:
    return not recording.finished and recording.exit_code is None


def _times(number: int) -> str:
    return "once" if number == 1 else f"{count(number)} times"


def _exit(code: int) -> str:
    """How the script ended: a code below 0, or above 128 as a shell reports it, is a signal's."""
    number = -code if code < 0 else code - 128
    try:
        return f"was ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended with exit code {code}"
