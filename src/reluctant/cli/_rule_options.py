"""The options that choose rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from reluctant.recording import NotJudged
from reluctant.rules import Rule, all_rules

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


def not_chosen(chosen: Sequence[Rule]) -> tuple[NotJudged, ...]:
    """The rules that were left out, so that nobody takes what they did not look for as not there."""
    codes = {rule.code for rule in chosen}
    return tuple(rule.not_judged("left out by --select or --ignore, or by the settings") for rule in all_rules() if rule.code not in codes)
