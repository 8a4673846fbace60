"""The options that make a run a trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from reluctant.treatments import requested
from reluctant.trials import OneTrial, metric_pattern, working_folder

METRIC = r"Also record the number that REGEX finds in what the script prints, in its one group: 'accuracy ([\d.]+)'."
WORKDIR = "Run the script in DIR, a new folder that begins as a copy of the current one."
GOAL = "Whether less of the metric is better, or more.  [default: min]"


def trial_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(
        (
            click.option(
                "--treat",
                multiple=True,
                metavar="TREATMENT",
                help="Apply NAME[:ARGUMENTS][@LINE] from outside; may be given several times. See `reluctant treatment`.",
            ),
            click.option("--seed", type=click.IntRange(0), metavar="N", help="Shift the seeds that the script sets by N.  [default: 0]"),
            click.option("--metric", metavar="REGEX", help=METRIC),
            click.option("--goal", type=click.Choice(("min", "max")), help=GOAL),
            click.option("--workdir", metavar="DIR", help=WORKDIR),
            click.option("--steps", type=click.IntRange(1), metavar="N", help="End the script after N optimizer steps."),
            click.option(
                "--seconds",
                type=click.FloatRange(0, min_open=True),
                metavar="S",
                help="End the script S seconds after its first optimizer step.",
            ),
        )
    ):
        command = option(command)
    return command


def trial_in(given: dict[str, Any]) -> OneTrial | None:
    """Take the options of a trial out of `given`; None where none was used, and then nothing is changed in the run."""
    treat, seed, metric, goal = (given.pop(name) for name in ("treat", "seed", "metric", "goal"))
    steps, seconds, workdir = given.pop("steps"), given.pop("seconds"), given.pop("workdir")
    if not treat and all(option is None for option in (seed, steps, seconds, metric, workdir)):
        return None
    pattern = metric_pattern(metric) if metric is not None else None
    treatments = [requested(text) for text in treat]
    folder = working_folder(workdir, bool(given["force"])) if workdir is not None else ""
    return OneTrial(treatments, seed or 0, steps, pattern, goal or "min", seconds, folder)
