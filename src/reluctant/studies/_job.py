"""A trial as a command line, and how that command ended."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from reluctant.errors import RecordingError
from reluctant.recording import Document, loads

from ._losses import Source, losses_of
from ._study import UNTREATED, Arm, Ending, Found, Measured, Plan, PlannedTrial, Result

OUTPUT = "{output}"
"""Stands in a command for the file that the recording goes to; the executor puts it in."""

LONGEST_REASON = 200
"""Characters of a script's last words that are told as the reason of its failure."""


@dataclass(frozen=True, slots=True)
class Job:
    """A trial as the command that runs it, anywhere."""

    trial: PlannedTrial
    command: tuple[str, ...]
    time_limit: float | None = None
    """Seconds after which it is stopped."""
    script: str = ""
    """The argument that is the file of the script; empty where the script is a module."""
    folder: str = ""
    """What must be there where it runs: the folder of the script, or the current one for a module. Empty: nothing."""
    alone: bool = False
    """It gets all cores of a machine to itself where trials would share them: rounding follows from the number of threads, and this
    one is to give to the bit what the script gives by itself."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command of a trial ended."""

    trial: PlannedTrial
    exit_code: int | None
    """None where a signal or the time limit ended it."""
    seconds: float
    timed_out: bool = False
    recording: bytes = b""
    """What it wrote to the output; empty where it wrote nothing."""
    last_words: str = ""
    """End of what it wrote to standard error."""


def job(plan: Plan, trial: PlannedTrial) -> Job:
    """The command that runs one trial of a plan; it could be typed by hand."""
    (arm,) = (arm for arm in plan.all_arms if arm.name == trial.arm)
    options = ["--quiet", "--no-live", "--no-open", "-o", OUTPUT, *_options(plan, arm, trial.seed)]
    if plan.metric:
        options += ["--metric", plan.metric, "--goal", plan.goal]
    if plan.working_folder:
        folder_name = f"{quote(trial.arm, safe='(),@= ')}-{trial.seed}"  # another one for each trial, which any system takes for a file
        options += ["--workdir", os.path.join(plan.working_folder, folder_name), "--force"]  # of an attempt that was cut off
    alone = trial == PlannedTrial(UNTREATED, 0)
    script, folder = ("", os.getcwd()) if plan.is_module else (plan.script, os.path.dirname(os.path.abspath(plan.script)))
    return Job(trial, (sys.executable, "-m", "reluctant", "run", *options, *_program(plan)), plan.time_limit, script, folder, alone)


def trial_command(plan: Plan, arm: Arm, seed: int = 0) -> str:
    """The command that a person types to repeat one trial with its report; the trials themselves say more, see `job`."""
    return shlex.join(["reluctant", "run", *_options(plan, arm, seed or None), *_program(plan)])


def _options(plan: Plan, arm: Arm, seed: int | None) -> list[str]:
    """What makes the trial: treatments, seed and end."""
    treatments = [part for treatment in arm.treatments for part in ("--treat", treatment)]
    seconds = f"{plan.seconds:g}" if plan.seconds is not None else None
    rest = {"--seed": seed, "--steps": plan.steps, "--seconds": seconds}
    return treatments + [str(part) for option in rest.items() if option[1] is not None for part in option]


def _program(plan: Plan) -> list[str]:
    return [*["-m"] * plan.is_module, plan.script, *plan.arguments]


SOURCES: Mapping[Measured, Source] = {"loss": "backward", "validation loss": "validation", "metric": "metric"}
"""The curve of each thing that trials are compared by."""


def result_of(ended: Ended, by: Measured = "loss") -> Result:
    """What a trial that has ended gave, to be compared `by`.

    A script that fails after some steps counts with the losses it had until then and an endless one at its end: an error is how
    many scripts answer a loss that is not a number. One that timed out or was killed says nothing about the treatment.
    """
    ending = _ending(ended)
    last_words = "" if ending == "ended" else ended.last_words
    try:
        document = loads(ended.recording) if ended.recording else None
    except RecordingError as error:
        return Result(ended.trial, ending, f"its recording cannot be read: {error.what}", seconds=ended.seconds, last_words=last_words)
    if document is None:
        return Result(ended.trial, ending, _why_not(ended, ending, None, by), seconds=ended.seconds, last_words=last_words)
    recording = document.recording
    losses = losses_of(recording, SOURCES[by])
    return Result(
        ended.trial,
        ending,
        _why_not(ended, ending, document, by),
        losses.without_end() if ending == "failed" else losses,
        recording.steps,
        recording.seconds or ended.seconds,
        tuple(map(Found.of, document.findings)),
        tuple(dict.fromkeys(entry.code for entry in document.not_judged)),
        last_words,
        losses_of(recording, "errors"),
        recording.kept_bytes,
    )


def _ending(ended: Ended) -> Ending:
    if ended.timed_out:
        return "timed out"
    if ended.exit_code is None:
        return "killed"
    return "failed" if ended.exit_code else "ended"


def _why_not(ended: Ended, ending: Ending, document: Document | None, by: Measured) -> str:
    """Why a trial is not counted; empty where it is."""
    if ending in ("timed out", "killed"):
        return ending
    if document is None or not losses_of(document.recording, SOURCES[by]).losses:
        reason = ended.last_words.strip().rpartition("\n")[2][:LONGEST_REASON]
        failed = f"failed before its first step ({reason})" if reason else "failed before its first step"
        return failed if ending == "failed" else f"no {by} was seen"
    trial = document.recording.trial
    return "" if trial is None or trial.counts else trial.why_not
