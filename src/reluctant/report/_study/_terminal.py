"""The report of a study as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from .._layout import column_width, crop_end, pad, wrap
from ._outline import StudyOutline
from ._ranking import Row

STYLES = {"better": "green", "worse": "red"}
GAP = "  "
SHORTEST_NAME = 12


def lines(outline: StudyOutline, width: int, style: str) -> Iterator[Text]:
    """Each line of the report; `style` is that of the verdict."""
    yield from _prose(outline.title, width, "dim")
    yield Text()
    yield from _prose(outline.verdict.sentence, width, style)
    for note in outline.notes:
        yield from _prose(note, width)
    yield Text()
    yield from _table(outline, width)
    yield Text()
    yield from _prose(outline.reading, width, "dim")
    for entry in outline.left_out:
        if entry.note:
            yield from _prose(f"{entry.name}: {entry.note}.", width)


def _table(outline: StudyOutline, width: int) -> Iterator[Text]:
    """The ranking. Where the width does not suffice, the last measures go, and then the ends of names."""
    titles, rows = _cells(outline, len(outline.ranking.measures))
    for measures in range(len(outline.ranking.measures) - 1, 0, -1):
        if _width(titles, rows) <= width:
            break
        titles, rows = _cells(outline, measures)
    name = max(SHORTEST_NAME, column_width([titles[0], *(row[0] for row in rows)]) - max(0, _width(titles, rows) - width))
    rows = [[crop_end(row[0], name), *row[1:]] for row in rows]
    yield Text(_line(titles, titles, rows), "bold")
    for cells, row in zip(rows, outline.ranking.rows, strict=True):
        yield Text(_line(cells, titles, rows), STYLES.get(row.answer, ""))


def _cells(outline: StudyOutline, measures: int) -> tuple[list[str], list[list[str]]]:
    """The titles, and the cells of each row, with so many of the measures."""
    shown = outline.ranking.measures[:measures]
    titles = [outline.noun, *(measure.title for measure in shown), "difference", "interval", "shown"]
    return titles, [_row(row, measures) for row in outline.ranking.rows]


def _row(row: Row, measures: int) -> list[str]:
    return [row.name, *row.measured[:measures], row.difference, row.interval, row.answer]


def _width(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    columns = zip(titles, *rows, strict=True)
    return sum(column_width(column) for column in columns) + len(GAP) * (len(titles) - 1)


def _line(cells: Sequence[str], titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Names and answers to the left of their columns, numbers to the right."""
    columns = [column_width(column) for column in zip(titles, *rows, strict=True)]
    ends = (0, len(cells) - 1)
    padded = [pad(cell, width, right=index not in ends) for index, (cell, width) in enumerate(zip(cells, columns, strict=True))]
    return GAP.join(padded).rstrip()


def _prose(text: str, width: int, style: str = "") -> Iterator[Text]:
    yield from (Text(line, style) for line in wrap(text, width))
