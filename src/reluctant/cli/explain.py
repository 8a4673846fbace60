"""``reluctant explain``: the classic account of activations, measured again on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

import click

from reluctant.errors import UsageError
from reluctant.explain import (
    LANGUAGES,
    Account,
    Language,
    Outcome,
    account,
    dumps,
    in_full,
    load,
    page,
    ready_for_figures,
    select,
    summary,
    write_figures,
)
from reluctant.recording import refuse_existing, write
from reluctant.report import encodable, width_of

ROOMY = 100
FORMS: dict[str, Callable[[Account, Language], bytes]] = {
    ".html": lambda measured, language: page(measured, language).encode(),
    ".json": lambda measured, language: dumps(measured),
}


@click.command()
@click.argument("claims", nargs=-1)
@click.option("-o", "--output", metavar="FILE", help="Write the page to FILE (.html), or what was measured (.json).")
@click.option("--lang", "language", type=click.Choice(list(LANGUAGES)), default="en", help="Language of all that is shown.")
@click.option("--figures", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Write each figure there as SVG and PNG.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 10**6), help="The first seed of every experiment.")
@click.option("--from", "source", metavar="FILE", help="Measure nothing; show what FILE (.json) holds.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def command(
    claims: tuple[str, ...], output: str | None, language: Language, figures: Path | None, seed: int, source: str | None, force: bool
) -> None:
    """Why a non-linearity, and why so often ReLU: each claim of the classic account, measured here.

    CLAIMS are numbers or names, as in `reluctant explain 4`, shown in full; without any, all are measured, and shown in short. All of them
    take less than a minute.
    """
    chosen = select(claims)
    output = None if output == "-" else output
    form = _form(output, force)
    if figures is not None:
        ready_for_figures(figures, force)
    printer = _Printer(language, in_full if claims else summary)
    if source is not None:
        measured = _only(load(source), {claim.claim_name() for claim in chosen})
        for outcome in measured.outcomes:
            printer(outcome)
    else:
        measured = account([claim(seed=seed) for claim in chosen], seed, printer)
    if output is not None and form is not None:
        write(output, form(measured, language), force)
        click.echo(f"Written: {output}", err=True)
    if figures is not None:
        click.echo(f"Written: {len(write_figures(measured, language, figures))} files in {figures}", err=True)
    if not claims:
        printer.line("One claim in full: reluctant explain 4" + ("" if output else " · All as a page: reluctant explain -o explain.html"))


class _Printer:
    """Prints each outcome as it is there."""

    def __init__(self, language: Language, form: Callable[[Outcome, Language, int], Iterator[str]]) -> None:
        self.language, self.form = language, form
        self.width = min(width_of(sys.stdout), ROOMY)

    def __call__(self, outcome: Outcome) -> None:
        for text in self.form(outcome, self.language, self.width):
            self.line(text)
        self.line("")

    def line(self, text: str) -> None:
        """One line, with what the output's encoding lacks as something close."""
        click.echo(encodable(text, sys.stdout.encoding))


def _form(output: str | None, force: bool) -> Callable[[Account, Language], bytes] | None:
    """What makes the file; what would be refused after a minute of measuring is refused before it."""
    if output is None:
        return None
    path = PurePath(output)
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        raise UsageError(f"the ending {suffix!r} stands for no form", where=output, advice=f"Use one of {', '.join(FORMS)}")
    refuse_existing(path, force)
    if not Path(path.parent).is_dir():
        raise UsageError("there is no such folder", where=str(path.parent), advice="Make it, or give another name")
    return FORMS[suffix]


def _only(measured: Account, names: set[str]) -> Account:
    """The claims with these names. Raises `UsageError` where none of them was measured."""
    kept = tuple(outcome for outcome in measured.outcomes if outcome.claim.claim_name() in names)
    if not kept:
        raise UsageError("none of these claims was measured in that file", advice="Measure them: leave out --from")
    return Account(measured.reluctant, measured.machine, measured.seed, kept)
