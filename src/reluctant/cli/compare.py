"""``reluctant compare``: the same script under several activations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from reluctant.errors import UsageError
from reluctant.recording import refuse_existing
from reluctant.report import study_renderer_for
from reluctant.studies import Arm, Plan, trials_left

from ._study_options import Conduct, check_script, compared_by, each_trial, study_options, time_limit
from ._study_shown import print_study, write_study

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
@click.option("-o", "--output", metavar="FILE", help="Write what was shown to FILE, in the form of its suffix: a page, Markdown, JSON.")
@study_options
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(
    activations: tuple[str, ...], output: str | None, is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any
) -> int:
    """Run a training script under several activations, and say which are better.

    Every trial is SCRIPT, unmodified, in a process of its own, with its hidden activations exchanged from outside. Each activation
    is compared with the script as it stands under the same seeds: better, worse, or no difference shown. Results go to standard output.
    """
    check_script(script_name, is_module)
    arms = arms_of(activations, given["reinitialise"], given["also_initialisation"])
    how = Conduct.given(given)
    limit = time_limit(given["trial_timeout"])
    plan = Plan(script_name, arguments, is_module, arms, given["seeds"], given["steps"], limit, **compared_by(given), **each_trial(given))
    if output is not None:
        study_renderer_for(output)
        refuse_existing(output, given["force"])
    study = how.carried_out(how.study(plan), "Comparing")
    if how.file:
        click.echo(f"Written: {how.file}", err=True)
    print_study(study, how.file)
    if output is not None:
        write_study(study, output, given["force"], how.file)
    return int(trials_left(study) > 0)


def arms_of(activations: Sequence[str], scheme: str | None = None, both: bool = False) -> tuple[Arm, ...]:
    """One arm for each activation that is named, with the weights drawn anew by `scheme`; without one, as the script draws them.

    With `both` there are two for each; the scheme is then He's unless another is named. Raises `UsageError` where one cannot be had.
    """
    from reluctant.treatments import requested

    names = dict.fromkeys(name.strip() for text in activations for name in _BETWEEN_NAMES.split(text) if name.strip())
    if not names:
        raise UsageError("no activation is named", where="--activation", advice="Write them with commas between: relu,leaky_relu(0.1),elu")
    plain = [Arm(name, (f"swap-activation:{name}",)) for name in names]
    drawn = scheme or ("he" if both else "")
    anew = [Arm(f"{arm.name}, {drawn}", (*arm.treatments, f"reinitialise:{drawn}")) for arm in plain] if drawn else []
    arms = (*([] if drawn and not both else plain), *anew)
    for treatment in dict.fromkeys(treatment for arm in arms for treatment in arm.treatments):
        requested(treatment)
    return arms
