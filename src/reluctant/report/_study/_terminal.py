"""The report of a study as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from reluctant.layout import Column, crop_end, table_lines, table_width, wrap

from ._outline import StudyOutline

STYLES = {"better": "green", "worse": "red"}
SHORTEST_NAME = 12


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
        head, *lines = table_lines(shown, width)
        yield Text(head, "bold")
        for line, row in zip(lines, outline.ranking.rows, strict=True):
            yield Text(line, STYLES.get(row.answer, ""))
        yield Text()
        left = [column for column in left if column.title == outline.noun or column not in shown]


def _fitting(columns: list[Column], outline: StudyOutline, width: int) -> list[Column]:
    """The columns of one table: the names, which are cropped at need, and beside them what fits and one column at least."""
    for title in _dispensable(outline):
        if table_width(columns) <= width or len(columns) <= 2:
            break
        columns = [column for column in columns if column.title != title]
    return columns


def _columns(outline: StudyOutline) -> list[Column]:
    """Names and answers to the left of their columns, numbers to the right."""
    rows = outline.ranking.rows
    return [
        Column(outline.noun, [row.label for row in rows], least=SHORTEST_NAME, crop=crop_end),
        *(
            Column(measure.title, [row.measured[index] for row in rows], right=True)
            for index, measure in enumerate(outline.ranking.measures)
        ),
        Column("difference", [row.difference for row in rows], right=True),
        Column("interval", [row.interval for row in rows], right=True),
        Column("shown", [row.answer for row in rows]),
    ]


def _dispensable(outline: StudyOutline) -> list[str]:
    """The columns that may be left out, in that order."""
    first, *others = (measure.title for measure in outline.ranking.measures) if outline.ranking.measures else ("",)
    return [*reversed(others), "interval", "difference", first]


def _prose(text: str, width: int, style: str = "") -> Iterator[Text]:
    yield from (Text(line, style) for line in wrap(text, width))
