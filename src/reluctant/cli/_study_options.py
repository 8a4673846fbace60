"""The options of commands that run a script many times, and their progress on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import click

from reluctant.studies import Study, StudyOptions, trials_left

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


def options_in(given: dict[str, Any]) -> StudyOptions:
    """What the options say, as data."""
    return StudyOptions(**{field.name: given[field.name] for field in fields(StudyOptions)})


@contextmanager
def progress_bar(what: str, study: Study) -> Iterator[Callable[[Study], None]]:
    """A bar on standard error with the time left; what is interrupted says how to go on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=3600) as bar:
        task = bar.add_task(what, total=len(study.results) + trials_left(study), completed=len(study.results))

        def told(so_far: Study) -> None:
            bar.update(task, completed=len(so_far.results), total=len(so_far.results) + trials_left(so_far))

        yield told


@contextmanager
def interruptible(file: str) -> Iterator[None]:
    """Say how to go on where the user interrupts a study that is kept in a file."""
    try:
        yield
    except KeyboardInterrupt:
        if file:
            click.echo(f"The trials so far are in {file}. Repeat the command with --resume to go on.", err=True)
        raise
