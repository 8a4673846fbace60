"""A study on standard output, or in a file."""

from __future__ import annotations

import sys

import click

from reluctant.recording import write
from reluctant.report import show_study, study_renderer_for
from reluctant.studies import Study, check_comparable


def print_study(study: Study, source: str = "") -> None:
    """Print the ranking, and what was shown of each arm. Raises `ReluctantError` where the script itself gave nothing to compare."""
    check_comparable(study)
    show_study(study, sys.stdout, source)


def write_study(study: Study, path: str, force: bool, source: str = "") -> None:
    """Write what a study showed to a file, in the form of its suffix, and say so."""
    write(path, study_renderer_for(path)(source=source).render_study(study).encode(errors="backslashreplace"), force)
    click.echo(f"Written: {path}", err=True)
