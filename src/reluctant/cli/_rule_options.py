"""The options that choose rules, and the judging by what they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from reluctant.configuration import configured
from reluctant.diagnosis import judged_again
from reluctant.recording import Document, load
from reluctant.rules import all_rules
from reluctant.rules import select as selected

Command = TypeVar("Command", bound=Callable[..., object])


def selectors(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The rules named by an option that may be repeated, and may name several with commas between."""
    return tuple(name for value in values for name in (part.strip() for part in value.split(",")) if name)


def rule_options(command: Command) -> Command:
    """Give a command the options --select and --ignore, which reach it as tuples of selectors."""
    ignore = click.option("--ignore", multiple=True, metavar="RULES", callback=selectors, help="Leave these rules out.")
    help_text = "Judge by these rules only (RL201, RL2, dead-units)."
    select = click.option("--select", multiple=True, metavar="RULES", callback=selectors, help=help_text)
    return select(ignore(command))


def judged_file(path: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> Document:
    """What is saved in `path`, judged again by the rules that the options and the settings choose.

    Raises `RecordingError` where the file cannot be read, and `UnknownNameError` for a selector that fits no rule.
    """
    configuration = configured({"select": select, "ignore": ignore})
    return judged_again(load(path), selected(all_rules(), configuration.select, configuration.ignore))
