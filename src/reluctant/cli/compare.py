"""``reluctant compare``: the same script under several activations."""

from __future__ import annotations

from typing import Any

import click

from reluctant.recording import refuse_existing
from reluctant.report import study_renderer_for
from reluctant.studies import activation_arms, trials_left

from ._study_options import interruptible, options_in, progress_bar, study_options
from ._study_shown import print_study, write_study


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
    if output is not None:
        study_renderer_for(output)
        refuse_existing(output, given["force"])
    arms = activation_arms(activations, given["reinitialise"], given["also_initialisation"])
    options = options_in(given)
    conduct = options.conduct(progress_bar)
    plan = options.plan(script_name, arguments, is_module, arms)
    with interruptible(conduct.file):
        study = conduct.carried_out(conduct.begun(plan), "Comparing")
    if conduct.file:
        click.echo(f"Written: {conduct.file}", err=True)
    print_study(study, conduct.file)
    if output is not None:
        write_study(study, output, given["force"], conduct.file)
    return int(trials_left(study) > 0)

