"""``reluctant activation``: the catalogue of activations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reluctant.activations import Activation, Page, all_activations, get, page_of
from reluctant.numbers import constant
from reluctant.report import encodable, width_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PLAIN = str.maketrans({**dict(zip("●○┼┤│└┴┘─", "*o++|+++-", strict=True)), "∞": "inf", "α": "alpha", "λ": "lambda", "β": "beta"})
"""What stands in for characters that the output cannot show."""

ROOMY = 100
"""Wider than this, lines grow hard to read."""


@click.command()
@click.argument("spelling", required=False)
def command(spelling: str | None) -> None:
    """List the activations, or print the page of one.

    SPELLING is a name, with arguments where they differ from the defaults: elu, "elu(alpha=0.5)", "leaky_relu(0.1)".
    """
    from rich.console import Console

    console = Console(file=sys.stdout, width=min(width_of(sys.stdout), ROOMY), highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        if spelling is None:
            console.print(_listing(all_activations()))
            console.print("\nPage of one, with any parameters: reluctant activation 'elu(alpha=0.5)'")
        else:
            _print_page(console, page_of(get(spelling)))
    text = "\n".join(line.rstrip() for line in shown.get().rstrip().split("\n"))
    click.echo(_encodable(text, sys.stdout.encoding))


def _encodable(text: str, encoding: str | None) -> str:
    """The text, its drawing in plain characters where the encoding lacks those it is made of."""
    return text if encodable("●○│∞", encoding) == "●○│∞" else encodable(text.translate(PLAIN), encoding)


def _listing(activations: tuple[Activation, ...]) -> Table:
    """A row for each activation."""
    table = _table("name", "f(x)", "range", "gain", "dead\nside", "largest\nslope", head=True)
    for column in (3, 5):
        table.columns[column].justify = "right"
    for activation in activations:
        traits = activation.traits
        largest = constant(traits.largest_slope)
        table.add_row(activation.name, activation.formulas[0], str(traits.range), constant(traits.gain), traits.dead_side, largest)
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    return table


def _print_page(console: Console, page: Page) -> None:
    console.print(f"{page.title}\n", style="bold")
    console.print(f"{page.summary}\n")
    _print_section(console, "", _rows([(left, f"= {right}") for left, right in page.formulas]))
    console.print(page.plot, end="\n\n", no_wrap=True, crop=False)
    _print_section(console, "In PyTorch", _rows([(line,) for line in page.torch]))
    if page.parameters:
        _print_section(console, "Parameters", _rows(page.parameters))
    _print_section(console, "What follows from the formula", _rows(page.derived))
    _print_section(console, "Known values", _rows([(call, f"= {value}", why) for call, value, why in page.known_values]))
    _print_section(console, "References", _rows([("-", reference) for reference in page.references]))


def _print_section(console: Console, title: str, body: RenderableType) -> None:
    if title:
        console.print(title, style="bold")
    console.print(body)
    console.print()


def _rows(rows: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> Table:
    """Rows without a head, indented by two."""
    from rich.text import Text

    table = _table(*("" for _ in rows[0]), head=False)
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*(Text(f"  {cell}" if place == 0 else cell) for place, cell in enumerate(row)))
    return table


def _table(*columns: str, head: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD if head else None, show_header=head, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
