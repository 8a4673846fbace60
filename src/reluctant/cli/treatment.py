"""``reluctant treatment``: the manual of the treatments."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping

import click

from reluctant.layout import wrap
from reluctant.report import width_of
from reluctant.treatments import Treatment, all_treatments, get

from . import _manual_page

ROOMY = 100
"""Widest line of a page."""


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the treatments, or print the manual page of one.

    A treatment is tried with `reluctant run --treat NAME script.py`.
    """
    width = width_of(sys.stdout)
    for line in _page(get(name), min(width, ROOMY)) if name else _listing(all_treatments(), width if sys.stdout.isatty() else None):
        click.echo(click.style(line.removeprefix("## "), bold=True) if _manual_page.is_heading(line) else line)


def _listing(treatments: Mapping[str, type[Treatment]], width: int | None) -> Iterator[str]:
    """A line for each; on a terminal, of a given `width`, as many as its sentence takes."""
    names = max(map(len, treatments), default=0)
    for name, kind in treatments.items():
        head = f"{name:<{names}}  "
        sentence = _manual_page.summary(kind.__doc__)
        if width is None:
            yield head + sentence
        else:
            yield from wrap(sentence, width, head, " " * len(head))


def _page(kind: type[Treatment], width: int) -> Iterator[str]:
    yield f"## {kind.treatment_name()} (since {kind.since})"
    yield ""
    yield f"    {kind.usage()}"
    yield ""
    yield from _manual_page.page(kind.__doc__, width)
    yield from _manual_page.example("## Example", inspect.cleandoc(kind.example))
    yield f"    reluctant run --treat '{kind.tried}' script.py"
