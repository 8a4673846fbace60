"""The options that make a run a trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from reluctant.treatments import wanted
from reluctant.trials import OneTrial


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
            click.option("--steps", type=click.IntRange(1), metavar="N", help="End the script after N optimizer steps."),
        )
    ):
        command = option(command)
    return command


def trial_in(given: dict[str, Any]) -> OneTrial | None:
    """Take the options of a trial out of `given`; None where none was used, and then nothing is changed in the run."""
    treat, seed, steps = given.pop("treat"), given.pop("seed"), given.pop("steps")
    if not treat and seed is None and steps is None:
        return None
    return OneTrial([wanted(text) for text in treat], seed or 0, steps)
