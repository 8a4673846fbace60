"""Prose and tables on lines of a given width, counted in cells as a terminal shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

WIDE, NARROW = 2, 1
"""Spaces between two columns, and where room is short."""

LETTER = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Scripts that are written without spaces between words."""

PIECE = re.compile(rf"(?:[{LETTER}]|[^{LETTER}]+)[，。；：！？、）」』”’》,.;:!?)]*")
"""One such letter, or a word of other letters, with the signs that close it, since none of these begins a line."""


def wrap(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """The text on lines of at most `width` cells, the first after `first`, the others after `then`.

    A word that is longer than a line is cut. A number stays with its percent sign.
    """
    lines: list[str] = []
    line, empty = first, True
    for space, part in _parts(text, width - cell_len(then)):
        if not empty and cell_len(line + space + part) > width:
            lines.append(line)
            line, empty = then, True
        line += part if empty else space + part
        empty = False
    return [*lines, line]


def _parts(text: str, width: int) -> Iterator[tuple[str, str]]:
    """What may stand on a line of its own, and the space before it, in a script that has one."""
    for word in text.replace(" %", "\0%").split():
        space = " "
        for piece in PIECE.findall(word.replace("\0", " ")):
            for part in chop_cells(piece, max(width, 1)) if cell_len(piece) > width else [piece]:
                yield space, part
                space = ""


def crop_start(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, its end: names differ at their ends."""
    if cell_len(text) <= width:
        return text
    kept = ""
    for letter in reversed(text):
        if cell_len(kept) + cell_len(letter) > width - 1:
            break
        kept = letter + kept
    return f"…{kept}"


def crop_end(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, its start."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def pad(text: str, width: int, right: bool = False) -> str:
    """The text with spaces after it, or before it where it belongs to the right, in `width` cells."""
    spaces = " " * max(0, width - cell_len(text))
    return spaces + text if right else text + spaces


def column_width(cells: Sequence[str]) -> int:
    """Cells that the widest of a column takes."""
    return max(map(cell_len, cells), default=0)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, and its cells, each on one line."""

    title: str
    cells: Sequence[str]
    right: bool = False
    least: int = 0
    """Cells that are left of it where room is short; 0 where it stays as it is."""
    crop: Callable[[str, int], str] = crop_start

    @property
    def width(self) -> int:
        """Cells that it takes where there is room."""
        return column_width([self.title, *self.cells])


@dataclass(frozen=True, slots=True)
class _Cell:
    """A text that rich gives what room there is to, and that is cropped to it."""

    text: str
    crop: Callable[[str, int], str]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, cell_len(self.text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text(self.crop(self.text, options.max_width))


def table_width(columns: Sequence[Column], gap: int = WIDE) -> int:
    """Cells that a line of a table takes where there is room."""
    return sum(column.width for column in columns) + gap * (len(columns) - 1)


def table_lines(columns: Sequence[Column], width: int) -> list[str]:
    """The titles and the rows of a table on one line each.

    Where the width does not suffice, first the gaps become narrow, then the columns that may be are cropped, and then the last ones go.
    """
    gap = WIDE if table_width(columns) <= width else NARROW
    while sum(min(column.least or column.width, column.width) + gap for column in columns) - gap > width:
        columns = columns[:-1]
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(_Cell(column.title, column.crop), justify="right" if column.right else "left", no_wrap=not column.least)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(_Cell(cell, column.crop) for cell, column in zip(cells, columns, strict=True)))
    return drawn(table, width)


def drawn(table: Table, width: int) -> list[str]:
    """A table of rich as lines, without the spaces at their ends; its cells are text, whatever stands in them."""
    console = Console(width=width, color_system=None, highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        console.print(table)
    return [line.rstrip() for line in shown.get().rstrip().split("\n")]
