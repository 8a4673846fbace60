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
from reluctant.treatments import requested
from reluctant.trials import OneTrial, metric_pattern, working_folder

from ._check_up import RECORDED, CheckUp
from ._rule_options import rule_options


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
@click.option(
    "--treat",
    multiple=True,
    metavar="TREATMENT",
    help="Apply NAME[:ARGUMENTS][@LINE] from outside; may be given several times. See `reluctant treatment`.",
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Shift the seeds that the script sets by N.  [default: 0]")
@click.option(
    "--metric",
    metavar="REGEX",
    help=r"Also record the number that REGEX finds in what the script prints, in its one group: 'accuracy ([\d.]+)'.",
)
@click.option("--goal", type=click.Choice(("min", "max")), help="Whether less of the metric is better, or more.  [default: min]")
@click.option("--workdir", metavar="DIR", help="Run the script in DIR, a new folder that begins as a copy of the current one.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="End the script after N optimizer steps.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), metavar="S", help="End the script S seconds after its first optimizer step."
)
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any) -> Callable[[], None] | int:
    """Give a PyTorch training script its check-up.

    SCRIPT runs as `python SCRIPT ARGUMENTS` would run it. Our options come before it; everything after it is the
    script's. The options can also be set in the table [tool.reluctant] of pyproject.toml.
    """
    trial = _trial(given)
    configuration = configured(given)
    check_output(configuration)
    rules = select(all_rules(), configuration.select, configuration.ignore)
    try:
        program: Program = module(script_name, arguments) if is_module else script(script_name, arguments)
    except SyntaxError as error:
        sys.__excepthook__(SyntaxError, error.with_traceback(None), None)
        return 2
    return CheckUp(program, configuration, rules, trial)


def _trial(given: dict[str, Any]) -> OneTrial | None:
    """Take the options of a trial out of `given`; None where none was used, and then nothing is changed in the run."""
    treat, seed, metric, goal = (given.pop(name) for name in ("treat", "seed", "metric", "goal"))
    steps, seconds, workdir = given.pop("steps"), given.pop("seconds"), given.pop("workdir")
    if not treat and all(option is None for option in (seed, steps, seconds, metric, workdir)):
        return None
    pattern = metric_pattern(metric) if metric is not None else None
    treatments = [requested(text) for text in treat]
    folder = working_folder(workdir, bool(given["force"])) if workdir is not None else ""
    return OneTrial(treatments, seed or 0, steps, pattern, goal or "min", seconds, folder)


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
