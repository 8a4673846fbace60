"""``reluctant report``: a saved run, judged and shown again."""

from __future__ import annotations

import os
import sys

import click

from reluctant.errors import UsageError
from reluctant.recording import write
from reluctant.report import renderer_for, show
from reluctant.report.html import Html
from reluctant.studies import is_study, load_study

from ._browser import open_document, open_page_of
from ._rule_options import judged_file, rule_options
from ._study_shown import print_study, write_study

PAGE = ".html"


@click.command(options_metavar="[OPTIONS]")
@click.option("-o", "--output", default="-", metavar="FILE", help="Write the report to FILE, in the form of its suffix; - is the terminal.")
@click.option("--all", "every_site", is_flag=True, help="Show every site and every finding in full.")
@click.option("--open", "open_page", is_flag=True, help="Open it as a page in the browser; without FILE the page is a temporary one.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@rule_options
@click.argument("recording", metavar="RECORDING")
def command(
    recording: str, output: str, every_site: bool, open_page: bool, force: bool, select: tuple[str, ...], ignore: tuple[str, ...]
) -> None:
    """Judge a saved run again, and show its report.

    RECORDING is a file that `reluctant run -o run.json script.py` wrote, also one of a run that was killed; or a study, as `compare` and
    `treat` write it with --study.
    """
    if is_study(recording):
        if select or ignore:
            raise UsageError(
                "it is a study, which holds no findings to choose from", where=recording, advice="Leave out --select and --ignore"
            )
        _report_study(recording, output, open_page, force)
        return
    if output == "-" and open_page:
        click.echo(open_document(judged_file(recording, select, ignore), recording), err=True)
        return
    if output == "-":
        show(judged_file(recording, select, ignore), sys.stdout, recording, every_site)
        return
    form = renderer_for(output)
    if open_page:
        _check_page(output)
    document = judged_file(recording, select, ignore)
    write(output, form(every_site=every_site, source=recording).render(document).encode(errors="backslashreplace"), force)
    click.echo(f"Written: {os.fspath(output)}", err=True)
    if open_page:
        click.echo(open_document(document, recording, output), err=True)


def _report_study(path: str, output: str, open_page: bool, force: bool) -> None:
    study = load_study(path)
    if output == "-" and not open_page:
        print_study(study, path)
        return
    if output != "-":
        if open_page:
            _check_page(output)
        write_study(study, output, force, path)
    if open_page:
        click.echo(open_page_of(lambda: Html(source=path).render_study(study), "" if output == "-" else output), err=True)


def _check_page(output: str) -> None:
    if renderer_for(output).suffix != PAGE:
        raise UsageError(f"{output} is no page to open in a browser", where="--open", advice=f"Give a FILE that ends in {PAGE}")
