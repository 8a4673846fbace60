"""The report of a study as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from .._layout import column_width, crop_end, pad, wrap
from ._outline import StudyOutline

STYLES = {"better": "green", "worse": "red"}
GAP = "  "
SHORTEST_NAME = 12
ANSWER = "shown"


def lines(outline: StudyOutline, width: int, style: str) -> Iterator[Text]:
    """Each line of the report; `style` is that of the verdict."""
    yield from _prose(outline.title, width, "dim")
    yield Text()
    yield from _prose(outline.verdict.sentence, width, style)
    for note in outline.notes:
        yield from _prose(note, width)
    yield Text()
    yield from _tables(outline, width)
    yield from _prose(outline.reading, width, "dim")
    for entry in outline.left_out:
        if entry.note:
            yield from _prose(f"{entry.name}: {entry.note}.", width)
    if outline.as_page:
        yield Text()
        yield Text(f"Page: {outline.as_page}")  # a command is never broken


def _tables(outline: StudyOutline, width: int) -> Iterator[Text]:
    """The ranking. What the width does not suffice for comes in further tables below, that first which the answer needs most."""
    left = _columns(outline)
    while len(left) > 1:
        shown = _fitting(left, outline, width)
        head, *rows = (_line(cells, shown) for cells in zip(*shown.values(), strict=True))
        yield Text(head, "bold")
        for line, row in zip(rows, outline.ranking.rows, strict=True):
            yield Text(line, STYLES.get(row.answer, ""))
        yield Text()
        left = {title: cells for title, cells in left.items() if title == outline.noun or title not in shown}


def _fitting(columns: Mapping[str, list[str]], outline: StudyOutline, width: int) -> dict[str, list[str]]:
    """The columns of one table: the names, cut off at need, and beside them what fits and one column at least."""
    fitting = dict(columns)
    for title in _dispensable(outline):
        if _width(fitting) <= width or len(fitting) <= 2:
            break
        fitting.pop(title, None)
    names = fitting[outline.noun]
    longest = max(SHORTEST_NAME, column_width(names) - max(0, _width(fitting) - width))
    return {**fitting, outline.noun: [crop_end(name, longest) for name in names]}


def _columns(outline: StudyOutline) -> dict[str, list[str]]:
    """The cells of each column by its title, which is the first of them."""
    titles = [outline.noun, *(measure.title for measure in outline.ranking.measures), "difference", "interval", ANSWER]
    rows = [(row.label, *row.measured, row.difference, row.interval, row.answer) for row in outline.ranking.rows]
    return {title: [title, *cells] for title, *cells in zip(titles, *rows, strict=True)}


def _dispensable(outline: StudyOutline) -> list[str]:
    """The columns that may be left out, in that order."""
    first, *others = (measure.title for measure in outline.ranking.measures) if outline.ranking.measures else ("",)
    return [*reversed(others), "interval", "difference", first]


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    return sum(map(column_width, columns.values())) + len(GAP) * (len(columns) - 1)


def _line(cells: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str:
    """Names and answers to the left of their columns, numbers to the right."""
    words = (0, list(columns).index(ANSWER) if ANSWER in columns else 0)
    widths = map(column_width, columns.values())
    padded = [pad(cell, width, right=index not in words) for index, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return GAP.join(padded).rstrip()


def _prose(text: str, width: int, style: str = "") -> Iterator[Text]:
    yield from (Text(line, style) for line in wrap(text, width))
