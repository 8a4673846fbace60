"""``reluctant run``: the check-up of a training script."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reluctant.configuration import Configuration, configured
from reluctant.errors import UsageError
from reluctant.observe.script import Program, module, script
from reluctant.recording import refuse_existing
from reluctant.rules import all_rules, select

from ._check_up import RECORDED, CheckUp
from ._rule_options import rule_options
from ._trial_options import trial_in, trial_options


@click.command(
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="The exit code is the script's. The report goes to standard error, after everything the script prints.",
)
@click.option("-m", "is_module", is_flag=True, help="SCRIPT is the name of a module, found as `python -m` finds it.")
@click.option(
    "-o", "--output", metavar="FILE", help="Save recording and findings to FILE, in the form of its suffix; - is JSON on standard output."
)
@click.option("--force", is_flag=True, default=None, help="Replace FILE where it exists.")
@rule_options
@click.option(
    "--budget",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Share of the run's time that measuring may take.  [default: 0.03]",
)
@click.option(
    "--leave-compiled/--no-leave-compiled",
    default=None,
    help="Leave torch.compile'd regions compiled in measured steps; what is inside is then not observed.",
)
@click.option("--live/--no-live", default=None, help="Show a status line while the script runs.")
@click.option("-q", "--quiet/--no-quiet", default=None, help="Print no report.")
@click.option("--open/--no-open", default=None, help="Open the report as a page in the browser when SCRIPT has ended.")
@trial_options
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any) -> Callable[[], None] | int:
    """Give a PyTorch training script its check-up.

    SCRIPT runs as `python SCRIPT ARGUMENTS` would run it. Our options come before it; everything after it is the
    script's. The options can also be set in the table [tool.reluctant] of pyproject.toml.
    """
    trial = trial_in(given)
    configuration = configured(given)
    check_output(configuration)
    rules = select(all_rules(), configuration.select, configuration.ignore)
    try:
        program: Program = module(script_name, arguments) if is_module else script(script_name, arguments)
    except SyntaxError as error:
        sys.__excepthook__(SyntaxError, error.with_traceback(None), None)
        return 2
    return CheckUp(program, configuration, rules, trial)


def check_output(configuration: Configuration) -> None:
    """Refuse an output that could not be written after the run. Raises `UsageError`."""
    output = Path(configuration.output)
    if configuration.output in ("", "-"):
        return
    if output.suffix.lower() != RECORDED:
        from reluctant.report import renderer_for

        renderer_for(configuration.output)
    if not output.absolute().parent.is_dir():
        raise UsageError("there is no such folder", where=str(output.parent), advice="Make it first, or give another name")
    refuse_existing(output, configuration.force)
