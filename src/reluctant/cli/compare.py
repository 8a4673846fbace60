"""``reluctant compare``: the same script under several activations."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from reluctant.errors import ReluctantError, UsageError
from reluctant.report import safe, width_of
from reluctant.report._numbers import NOTHING, plural, value
from reluctant.studies import LEVEL, UNTREATED, Arm, Compared, Plan, Study, compared, trials_left

from ._study_options import Conduct, check_script, study_options, time_limit

if TYPE_CHECKING:
    from rich.table import Table

_BETWEEN_NAMES = re.compile(r",(?![^(]*\))")
"""A comma that is not inside brackets."""


@click.command(
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="The exit code is 0 where every trial that was wanted was run, and 1 where the time was not enough.",
)
@click.option(
    "--activation", "activations", multiple=True, required=True, metavar="NAMES", help="Activations to try: relu,leaky_relu(0.1),elu."
)
@click.option("--reinitialise", metavar="SCHEME", help="Draw the weights anew, with each activation's own gain: he, glorot, lecun …")
@click.option("--also-initialisation", is_flag=True, help="Try each activation both ways, with the script's weights and with new ones.")
@study_options
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(activations: tuple[str, ...], is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any) -> int:
    """Run a training script under several activations, and say which are better.

    Every trial is SCRIPT, unmodified, in a process of its own, with its hidden activations exchanged from outside. Each activation
    is compared with the script as it stands under the same seeds: better, worse, or no difference shown. Results go to standard output.
    """
    check_script(script_name, is_module)
    arms = arms_of(activations, given["reinitialise"], given["also_initialisation"])
    how = Conduct.given(given)
    limit = time_limit(given["trial_timeout"])
    plan = Plan(script_name, arguments, is_module, arms, given["seeds"], given["steps"], limit)
    study = how.carried_out(how.study(plan), "Comparing")
    show(study)
    if how.file:
        click.echo(f"Written: {how.file}", err=True)
    return int(trials_left(study) > 0)


def arms_of(activations: Sequence[str], scheme: str | None = None, both: bool = False) -> tuple[Arm, ...]:
    """One arm for each activation that is named, with the weights drawn anew by `scheme`; without one, as the script draws them.

    With `both` there are two for each; the scheme is then He's unless another is named. Raises `UsageError` where one cannot be had.
    """
    from reluctant.treatments import wanted

    names = dict.fromkeys(name.strip() for text in activations for name in _BETWEEN_NAMES.split(text) if name.strip())
    if not names:
        raise UsageError("no activation is named", where="--activation", advice="Write them with commas between: relu,leaky_relu(0.1),elu")
    plain = [Arm(name, (f"swap-activation:{name}",)) for name in names]
    drawn = scheme or ("he" if both else "")
    anew = [Arm(f"{arm.name}, {drawn}", (*arm.treatments, f"reinitialise:{drawn}")) for arm in plain] if drawn else []
    arms = (*([] if drawn and not both else plain), *anew)
    for treatment in dict.fromkeys(treatment for arm in arms for treatment in arm.treatments):
        wanted(treatment)
    return arms


def show(study: Study) -> None:
    """Print the ranking, and what was shown of each arm. Raises `ReluctantError` where the script itself gave nothing to compare."""
    from rich.console import Console

    found = compared(study)
    if found[0].counted == 0 and study.results:
        raise ReluctantError(_nothing_to_compare(study), where=study.plan.script, advice="Run it once with `reluctant run` to see why")
    console = Console(file=sys.stdout, width=width_of(sys.stdout), highlight=False, markup=False, emoji=False)
    console.print(table(found))
    console.print(_reading(study))
    for arm in found:
        if arm.note:
            console.print(f"{safe(arm.arm)}: {safe(arm.note)}.")


def _nothing_to_compare(study: Study) -> str:
    first = next(iter(study.of(UNTREATED).values()), None)
    if first is None:
        return "the time was over before the script had run once as it stands"
    return f"as it stands it gives nothing to compare: {safe(first.why_not)}"


def table(found: Sequence[Compared]) -> Table:
    """The arms by their loss at the end, the least first."""
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    drawn.add_column("activation", no_wrap=True)
    for heading in ("end loss", "area", "steps to", "ms/step"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("difference (interval)")
    drawn.add_column("shown", no_wrap=True)
    for arm in sorted(found, key=lambda arm: math.inf if arm.end is None else arm.end):
        drawn.add_row(safe(arm.arm), *_cells(arm))
    return drawn


def _cells(arm: Compared) -> tuple[str, ...]:
    measured = (_number(arm.end), _number(arm.area), _number(arm.steps_to), _number(arm.step_ms))
    if arm.arm == UNTREATED:
        return (*measured, "", "")
    if not arm.counted:
        return (*measured, "", "not tried")
    interval = "" if arm.interval is None else f" ({_number(arm.interval[0])} to {_number(arm.interval[1])})"
    return (*measured, f"{_number(arm.difference.mean)}{interval}", arm.answer)


def _number(number: float | None) -> str:
    if number is None or math.isnan(number):
        return NOTHING
    return "never" if math.isinf(number) else value(float(f"{number:.3g}"))  # three digits: more than a few seeds tell


def _reading(study: Study) -> str:
    """What the columns are, and how sure the last one is."""
    seeds = max((len(study.of(arm.name)) for arm in study.plan.all_arms), default=0)
    left = trials_left(study)
    return (
        "End loss: over the last tenth of the trial. Area: mean loss over all of it. Steps to: the loss at which the script as it stands "
        "ends. ms/step: with the watching and the exchanging, so longer than alone. Difference: end loss less that as it stands, "
        f"paired over {plural(seeds, 'seed')}; below 0 is better. "
        f'If none differed, "better" or "worse" would stand in the table with a chance of at most {100 * LEVEL:.0f} % (Holm).'
        + (f" {plural(left, 'trial')} did not run for want of time." if left else "")
    )
