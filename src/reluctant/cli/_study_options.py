"""The options of commands that run a script many times, and the running itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from reluctant.errors import UsageError
from reluctant.recording import refuse_existing
from reluctant.studies import Executor, Plan, Study, conduct, executor, resumed, save_study, seconds_in, trials_left
from reluctant.trials import empty_folder, metric_pattern

BY = "Compare by the training loss, or by the values of the same loss function in validation, without gradient.  [default: loss]"
METRIC = r"Compare by the number that REGEX finds in what the script prints, in its one group: 'accuracy ([\d.]+)'."
GOAL = "Whether less of the metric is better, or more.  [default: min]"

OPTIONS = (
    click.option("-m", "is_module", is_flag=True, help="SCRIPT is the name of a module, found as `python -m` finds it."),
    click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Trials of each arm, under as many seeds."),
    click.option("--steps", type=click.IntRange(1), metavar="N", help="End each trial after N optimizer steps."),
    click.option("--seconds", metavar="TIME", help="End each trial TIME (90s, 10m) after its first optimizer step."),
    click.option("--by", type=click.Choice(("loss", "validation")), help=BY),
    click.option("--metric", metavar="REGEX", help=METRIC),
    click.option("--goal", type=click.Choice(("min", "max")), help=GOAL),
    click.option("--budget", metavar="TIME", help="Stop after TIME (90s, 10m, 1h30m) and say what was shown by then."),
    click.option("--trial-timeout", metavar="TIME", help="Stop a trial that takes longer; it is not counted."),
    click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Trials at a time.  [default: one for each core, or each GPU]"),
    click.option(
        "--on", default="local", show_default=True, metavar="WHERE", help="Where trials run: local, ray, or ray://HOST:PORT, a Ray cluster."
    ),
    click.option("--gpus-per-trial", type=click.IntRange(0), default=0, metavar="N", help="Give each trial N GPUs to itself."),
    click.option("--workdir", metavar="DIR", help="Run each trial in a folder of its own in DIR, a copy of the current one."),
    click.option("--study", metavar="FILE", help="Write the trials to FILE after each one, to go on with after an interruption."),
    click.option("--resume", is_flag=True, help="Go on with the study in FILE."),
    click.option("--force", is_flag=True, help="Replace files that exist."),
)


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as keyword arguments."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Conduct:
    """How a study is to be carried out: where, for how long, and where it is kept."""

    jobs: int | None
    """Trials at a time; None leaves it to the executor."""
    on: str
    until: float
    """When to stop, on the clock of `time.monotonic`; infinite where there is no limit."""
    file: str
    resume: bool
    gpus_per_trial: int = 0

    @classmethod
    def given(cls, given: dict[str, Any]) -> Conduct:
        """What the options say. Raises `UsageError` where they do not go together, before anything has run."""
        file = given["study"] or ""
        if given["resume"] and not file:
            raise UsageError("there is nothing to go on with", where="--resume", advice="Name the file with --study FILE")
        if file and not given["resume"]:
            refuse_existing(file, given["force"])
        until = math.inf if given["budget"] is None else time.monotonic() + seconds_in(given["budget"], "--budget")
        return cls(given["jobs"], given["on"], until, file, given["resume"], given["gpus_per_trial"])

    @cached_property
    def executor(self) -> Executor:
        """Where the trials run. Raises `UsageError` where there is none, or too little of what they want."""
        return executor(self.on, self.jobs, self.gpus_per_trial)

    def study(self, plan: Plan, arms_join: bool = False) -> Study:
        """The study to carry out: a new one, or the one to go on with, see `resumed`."""
        return resumed(plan, self.file, arms_join) if self.resume else Study(plan)

    def carried_out(self, study: Study, what: str) -> Study:
        """The study with its trials run, a progress bar with the time left on standard error, and the file written after each."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
        with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=3600) as bar:
            task = bar.add_task(what, total=len(study.results) + trials_left(study), completed=len(study.results))

            def kept(so_far: Study) -> None:
                if self.file:
                    save_study(so_far, self.file)
                bar.update(task, completed=len(so_far.results), total=len(so_far.results) + trials_left(so_far))

            try:
                return conduct(study, self.executor, kept, self.until)
            except KeyboardInterrupt:
                if self.file:
                    bar.stop()
                    click.echo(f"The trials so far are in {self.file}. Repeat the command with --resume to go on.", err=True)
                raise


def compared_by(given: dict[str, Any]) -> dict[str, Any]:
    """What trials are compared by, as fields of a plan. Raises `UsageError` where the options do not go together."""
    if given["metric"] is None:
        if given["goal"] is not None:
            raise UsageError(
                "a goal is for a metric only: of a loss, less is better", where="--goal", advice="Name one with --metric REGEX"
            )
        return {"by": "validation loss" if given["by"] == "validation" else "loss"}
    if given["by"] is not None:
        raise UsageError("trials are compared by one thing", where="--by", advice="Give either --by or --metric")
    metric_pattern(given["metric"])
    return {"by": "metric", "metric": given["metric"], "goal": given["goal"] or "min"}


def time_limit(text: str | None) -> float | None:
    """The seconds that a trial may take; None where it may take any."""
    return None if text is None else seconds_in(text, "--trial-timeout")


def each_trial(given: dict[str, Any]) -> dict[str, Any]:
    """The seconds and the folder of each trial, as fields of a plan. Raises `UsageError` as `_folder_of_trials` does."""
    seconds = None if given["seconds"] is None else seconds_in(given["seconds"], "--seconds")
    return {"seconds": seconds, "working_folder": _folder_of_trials(given)}


def _folder_of_trials(given: dict[str, Any]) -> str:
    """The absolute path of the folder in which each trial gets one, made if it is missing; empty where none was asked for.

    Raises `UsageError` where something is there already, but for a study that goes on.
    """
    if given["workdir"] is None:
        return ""
    folder = Path(given["workdir"]).absolute()
    if not (given["resume"] and folder.is_dir()):
        empty_folder(folder, given["force"])
    return str(folder)


def check_script(script: str, is_module: bool) -> None:
    """Refuse a script that is not there, before a study begins. Raises `UsageError`."""
    if not is_module and not Path(script).exists():
        raise UsageError("there is no such file", where=script, advice="Give the path of a script, or -m and the name of a module")
