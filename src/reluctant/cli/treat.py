"""``reluctant treat``: the treatments tried on the user's own script."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click

from reluctant.errors import UsageError
from reluctant.prove import TreatResult, conclusion
from reluctant.recording import refuse_existing, save, write
from reluctant.report import show
from reluctant.studies import treat_script

from ._study_options import interruptible, options_in, progress_bar, study_options

RECORDED = ".json"

EQUAL = "equal"
"""Draw as many treatments at random as are proposed."""


@click.command(
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="The exit code is 0 where nothing needs a cure or every root finding has a verified one, and 1 otherwise.",
)
@click.option("-o", "--output", metavar="FILE", help="Save recording and findings with their verdicts to FILE.json.")
@click.option("--write-patch", metavar="FILE", help="Write the changes that cure it to FILE, for `git apply`, where they are plain enough.")
@click.option(
    "--random",
    default="1",
    show_default=True,
    metavar="N",
    help=f"Also try N treatments drawn at random, to see what a treatment is worth beside them; {EQUAL}: as many as are proposed.",
)
@study_options
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(
    output: str | None, write_patch: str | None, is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any
) -> int:
    """Try the treatments for each finding on the script itself, and say which cure it.

    First SCRIPT gets its check-up. Then each root finding's treatments are applied from outside, one at a time, under several seeds, and
    compared with the script as it stands under the same seeds. The less promising ones are stopped early. A treatment is verified when
    the finding is gone on every seed and the loss is better. SCRIPT itself is never changed.

    Where nothing cures a finding that its cause calls for, what else could help is tried: the cause may have been judged wrongly.

    A treatment that is drawn at random is tried in the same way, as a baseline: a cure that any change would bring is none.
    """
    _check_output(output, given["force"])
    if write_patch is not None:
        refuse_existing(write_patch, given["force"])
    random = _number(given["random"])
    options = options_in(given)
    conduct = options.conduct(progress_bar)
    plan = options.plan(script_name, arguments, is_module, halving=True)
    with interruptible(conduct.file):
        treated = treat_script(plan, conduct, random)
    result = TreatResult(treated.document, treated.study)
    show(result.document, sys.stdout, source=output or "")
    for line in conclusion(result):
        click.echo(line)
    if output:
        save(result.document, output, given["force"])
        click.echo(f"Written: {output}", err=True)
    if write_patch is not None:
        click.echo(_written(write_patch, result.patch, given["force"]), err=True)
    return int(not result.is_cured)


def _number(given: str) -> int | Literal["equal"]:
    """How many treatments to draw at random. Raises `UsageError` where it is no number."""
    if given == EQUAL:
        return "equal"
    if not given.isdecimal():
        raise UsageError(f"{given!r} is no number of treatments", where="--random", advice=f"Write 0, 1, 2 … or {EQUAL}")
    return int(given)


def _check_output(output: str | None, force: bool) -> None:
    if output is None:
        return
    if Path(output).suffix.lower() != RECORDED:
        raise UsageError(f"{output} names no form", where="--output", advice="End it with .json; `reluctant report` makes a page of it")
    refuse_existing(output, force)


def _written(path: str, patch: str, force: bool) -> str:
    """Write the changes that cure the root findings; what was done, in a sentence."""
    if not patch:
        return f"Not written: {path}, for no change was verified that is plain enough to make."
    write(path, patch.encode(), force)
    return f"Written: {path}"
