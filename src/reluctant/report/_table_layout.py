"""The table of sites fitted to a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._layout import column_width, crop_end, crop_start, pad, wrap
from ._site_table import SiteRow, SkippedRows

WIDE, NARROW = "  ", " "
"""What stands between two columns."""


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cells: list[str]
    width: int
    right: bool = False
    narrowest: int = 0
    """Cells that are left of it where space is short; 0 where it stays as it is."""
    gap: str = WIDE
    """What stands before it."""

    @property
    def spare(self) -> int:
        """Cells that can be taken from it."""
        return max(0, self.width - self.narrowest) if self.narrowest else 0


def table_lines(rows: Sequence[SiteRow | SkippedRows], width: int) -> tuple[str, list[list[str]]]:
    """The line of titles, and for each row its line; of rows that are summed up, as many as their sentence takes.

    Where the width does not suffice, first the gaps become narrow, then the names of layers, files and activations are
    shortened, and then the last columns go.
    """
    sites = [row for row in rows if isinstance(row, SiteRow)]
    columns = _fitted(_columns(sites), width)
    title = _line([column.title for column in columns], columns, " ")
    lines = iter([_line([column.cells[index] for column in columns], columns, _mark(row)) for index, row in enumerate(sites)])
    return title, [[next(lines)] if isinstance(row, SiteRow) else wrap(row.sentence, width, f"{_mark(row)} ⋮ ", "    ") for row in rows]


def _columns(rows: Sequence[SiteRow]) -> list[_Column]:
    return [
        _column("line", [row.place for row in rows], right=True, narrowest=9),
        _column("after", [row.after for row in rows], narrowest=7),
        _column("activation", [row.activation for row in rows], narrowest=6),
        _column("units", [row.units for row in rows], right=True),
        _column("dead", [row.dead for row in rows], right=True, gap=NARROW),
        _column("open", [row.open for row in rows], right=True, gap=NARROW),
        _column("zeros", [row.zeros for row in rows], right=True, gap=NARROW),
        _gradients(rows),
        _column("over run", [row.over_the_run for row in rows]),
    ]


def _gradients(rows: Sequence[SiteRow]) -> _Column:
    """What arrives and what leaves, with their arrows below one another."""
    title, arrow, end = "grad in", " → ", "out"
    before = column_width([title, *(row.arriving for row in rows)])
    cells = [pad(row.arriving, before, right=True) + arrow + row.leaving for row in rows]
    return _column(pad(title, before, right=True) + arrow + end, cells)


def _column(title: str, cells: list[str], right: bool = False, narrowest: int = 0, gap: str = WIDE) -> _Column:
    return _Column(title, cells, column_width([title, *cells]), right, narrowest, gap)


def _fitted(columns: list[_Column], width: int) -> list[_Column]:
    if _total(columns) > width:
        columns = [replace(column, gap=NARROW) for column in columns]
    while (excess := _total(columns) - width) > 0:
        index = max(range(len(columns)), key=lambda index: columns[index].spare)
        widest = columns[index]
        if widest.spare:
            columns[index] = replace(widest, width=widest.width - min(excess, (widest.spare + 1) // 2))
        else:
            columns = columns[:-1]
    return columns


def _total(columns: list[_Column]) -> int:
    """Cells that a line takes: a mark, then each column after its gap, of which the first stands for the space after the mark."""
    return 1 + sum(len(column.gap) + column.width for column in columns) - len(columns[0].gap) + 1


def _line(cells: list[str], columns: list[_Column], mark: str) -> str:
    shown = [column.gap + _cell(cell, column) for cell, column in zip(cells, columns, strict=True)]
    return f"{mark} {''.join(shown)[len(columns[0].gap) :]}".rstrip()


def _cell(text: str, column: _Column) -> str:
    shortened = crop_end(text, column.width) if column.title == "activation" else crop_start(text, column.width)
    return pad(shortened, column.width, column.right)


def _mark(row: SiteRow | SkippedRows) -> str:
    """What tells a row with a fault from the others where there is no colour."""
    return "!" if row.severity in ("error", "warning") else " "
