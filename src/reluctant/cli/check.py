"""``reluctant check``: whether a saved run is clean, as an exit code."""

from __future__ import annotations

import click

from reluctant.recording import Finding
from reluctant.report import safe, verdict

from ._rule_options import judged_file, rule_options

CLEAN, FOUND, FAILED = 0, 1, 2
"""Exit codes."""

EXIT_CODES = {"error": FOUND, "warning": FOUND, "advice": CLEAN, "clear": CLEAN, "nothing": FAILED}
"""By the kind of verdict. A run in which nothing was observed is not clean: it could not be checked."""


@click.command(epilog="The exit code is 0 without errors and warnings, 1 with some, 2 where the run could not be checked.")
@rule_options
@click.argument("recording", metavar="RECORDING")
def command(recording: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> int:
    """Judge a saved run, print a line for each finding, and say by the exit code whether it is clean.

    RECORDING is a file that `reluctant run -o run.json script.py` wrote.
    """
    document = judged_file(recording, select, ignore)
    for finding in document.findings:
        click.echo(_line(finding))
    summary = verdict(document)
    click.echo(safe(summary.sentence), err=True)
    return EXIT_CODES[summary.kind]


def _line(finding: Finding) -> str:
    """A finding as compilers print theirs, so that editors find the place."""
    place = ":".join([safe(finding.file), *([str(finding.line)] if finding.line else [])]) if finding.file else "-"
    layer = f" [{safe(finding.layer)}]" if finding.layer else ""
    return f"{place}: {finding.severity} {safe(finding.code)} {safe(finding.name)}{layer}: {safe(finding.message)}"
