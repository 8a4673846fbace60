"""The report on a terminal."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from reluctant.layout import Column, column_width, crop_end, pad, table_lines, table_width, wrap
from reluctant.recording import Document

from ._finding_block import FindingBlock
from ._outline import LEGEND, Outline
from ._renderer import Renderer
from ._site_table import SiteRow, SkippedRows

if TYPE_CHECKING:
    from reluctant.studies import Study

    from ._study import StudyOutline

NARROWEST, WIDEST, PIPED = 40, 120, 100
"""Widths of the report in cells: what it takes of a terminal at least and at most, and where there is none."""

PROSE = 100
"""Longer lines of prose are hard to read."""

STYLES = {"error": "bold red", "warning": "bold yellow", "advice": "bold cyan", "clear": "bold green", "nothing": "bold yellow"}
"""By name from the terminal's own palette, which suits its background."""

ANSWER_STYLES = {"better": "green", "worse": "red"}
SHORTEST_NAME = 12
"""Cells of an arm's name, where the width does not suffice for all of it."""

PLAIN_LETTERS = str.maketrans("→·…│⋮▁▂▃▄▅▆▇█–−×≤≥²", ">-~|:_.-=+*%#--x<>2")
"""What stands in where the output's encoding lacks a character; one for one, so that columns stay in line."""


@dataclass(frozen=True)
class Terminal(Renderer):
    """The report as lines of text, with colours where asked."""

    name = "terminal"
    suffix = ".txt"

    width: int = PIPED
    colour: bool = False

    def render(self, document: Document) -> str:
        """The report as lines of at most `width` cells, each ending in a line feed."""
        return self._printed(_lines(self.outline(document), self.width))

    def render_study(self, study: Study) -> str:
        """What a study showed, as lines."""
        from ._study import study_outline

        return self._printed(_study_lines(study_outline(study, self.source), self.width))

    def _printed(self, parts: Iterable[RenderableType]) -> str:
        stream = io.StringIO()
        console = Console(file=stream, color_system="standard" if self.colour else None, force_terminal=self.colour, width=self.width)
        for part in parts:
            # No markup, highlighting, emoji codes or wrapping of rich: the text may be anybody's, and is laid out.
            console.print(part, markup=False, highlight=False, emoji=False, soft_wrap=isinstance(part, Text))
        return stream.getvalue()


def show(document: Document, stream: TextIO, source: str = "", every_site: bool = False) -> None:
    """Print the report to a stream: as wide as its terminal, in colour where it is one, in characters it can encode.

    The variables COLUMNS, NO_COLOR and FORCE_COLOR are heeded.
    """
    _write(Terminal(every_site, source, width_of(stream), has_colour(stream)).render(document), stream)


def show_study(study: Study, stream: TextIO, source: str = "") -> None:
    """Print what a study showed, as `show` prints a report."""
    _write(Terminal(source=source, width=width_of(stream), colour=has_colour(stream)).render_study(study), stream)


def has_colour(stream: TextIO) -> bool:
    """Whether the stream is a terminal that shows colours, and they are wanted."""
    console = Console(file=stream)
    return console.is_terminal and not console.no_color and console.color_system is not None


def _write(text: str, stream: TextIO) -> None:
    stream.write(encodable(text, stream.encoding))
    stream.flush()


def width_of(stream: TextIO) -> int:
    """Cells on a line of the stream's terminal, within what a report takes; `PIPED` where it has none."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        width = int(columns)
    else:
        try:
            width = os.get_terminal_size(stream.fileno()).columns or PIPED
        except (OSError, ValueError, AttributeError):  # no terminal; no descriptor
            width = PIPED
    return min(max(width, NARROWEST), WIDEST)


def encodable(text: str, encoding: str | None) -> str:
    """The text with what `encoding` lacks as something close, or as a question mark."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN_LETTERS).encode(encoding, errors="replace").decode(encoding)
    return text


def _lines(outline: Outline, width: int) -> Iterator[Text]:
    yield from _head(outline, width)
    if outline.rows:
        yield from _table(outline, width)
    for block in outline.blocks:
        yield Text()
        yield from _block(block, width)
    yield from _end(outline, width)


def _head(outline: Outline | StudyOutline, width: int, most: int = PROSE) -> Iterator[Text]:
    yield from _prose(outline.title, width, style="dim", most=most)
    yield Text()
    yield from _prose(outline.verdict.sentence, width, style=STYLES[outline.verdict.kind], most=most)
    for note in outline.notes:
        yield from _prose(note, width, most=most)


def _table(outline: Outline, width: int) -> Iterator[Text]:
    """A line for each site, and a sentence for those that are summed up. A mark tells a row with a fault where there is no colour."""
    title, *lines = table_lines(_columns([row for row in outline.rows if isinstance(row, SiteRow)]), width - 2)
    yield Text()
    yield Text(f"  {title}", style="bold")
    for row in outline.rows:
        mark, style = ("!", STYLES[row.severity].removeprefix("bold ")) if row.severity in ("error", "warning") else (" ", "")
        shown = wrap(row.sentence, width, f"{mark} ⋮ ", "    ") if isinstance(row, SkippedRows) else [f"{mark} {lines.pop(0)}"]
        yield from (Text(line, style) for line in shown)
    for line in LEGEND:
        yield from _prose(line, width, "  ", "  ", style="dim")


def _columns(rows: Sequence[SiteRow]) -> list[Column]:
    return [
        Column("line", [row.place for row in rows], right=True, least=9),
        Column("after", [row.after for row in rows], least=7),
        Column("activation", [row.activation for row in rows], least=6, crop=crop_end),
        *(Column(name, [getattr(row, name) for row in rows], right=True) for name in ("units", "dead", "open", "zeros")),
        _gradients(rows),
        Column("over run", [row.over_the_run for row in rows]),
    ]


def _gradients(rows: Sequence[SiteRow]) -> Column:
    """What arrives and what leaves, with their arrows below one another."""
    title, *arriving = ["grad in", *(row.arriving for row in rows)]
    width = column_width([title, *arriving])
    cells = [f"{pad(before, width, right=True)} → {row.leaving}" for before, row in zip(arriving, rows, strict=True)]
    return Column(f"{pad(title, width, right=True)} → out", cells)


def _block(block: FindingBlock, width: int) -> Iterator[Text]:
    yield from _block_head(block, width)
    if block.code_line:
        number = f"{block.line:>6} │ "
        for line in wrap(block.code_line, width, number, " " * 6 + " │ "):
            yield Text.assemble((line[: len(number)], "dim"), line[len(number) :])
    yield from _prose(block.message, width, "  ", "  ")
    yield from _labelled(block.details, width, indent="  ")


def _block_head(block: FindingBlock, width: int) -> Iterator[Text]:
    """Severity, code and name on the left, the place on the right, or below where both do not fit."""
    title = f"{block.severity} {block.code} {block.name}"
    style = STYLES[block.severity]
    room = min(width, PROSE) - column_width([title])
    if column_width([block.where]) + 2 <= room:
        yield Text.assemble((title, style), pad(block.where, room, right=True))
    else:
        yield from _prose(title, width, style=style)
        yield from _prose(block.where, width, "  ", "  ")


def _end(outline: Outline, width: int) -> Iterator[Text]:
    if outline.unjudged:
        yield Text()
        yield from _labelled(outline.unjudged, width, style="dim")
    yield Text()
    if outline.tally:
        yield Text(f"{outline.tally}.")
    commands = [f"{purpose}: {command}" for purpose, command in outline.commands]
    together = " · ".join(commands)
    yield from map(Text, [together] if column_width([together]) <= width else commands)  # a command is never broken


def _labelled(entries: tuple[tuple[str, str], ...], width: int, indent: str = "", style: str = "") -> Iterator[Text]:
    """Each text beside its label, below one another; a label that repeats is not printed again."""
    gap = column_width([label for label, _ in entries]) + 2
    before = ""
    for label, text in entries:
        first = indent + pad("" if label == before else label, gap)
        for index, line in enumerate(wrap(text, min(width, PROSE), first, indent + " " * gap)):
            start = len(first) if index == 0 else 0
            yield Text.assemble((line[:start], "bold"), (line[start:], style))
        before = label


def _prose(text: str, width: int, first: str = "", then: str = "", style: str = "", most: int = PROSE) -> Iterator[Text]:
    yield from (Text(line, style) for line in wrap(text, min(width, most), first, then))


def _study_lines(outline: StudyOutline, width: int) -> Iterator[Text]:
    """Sentences over the whole width: they stand around a table that is as wide."""
    yield from _head(outline, width, most=width)
    yield Text()
    yield from _rankings(outline, width)
    yield from _prose(outline.reading, width, style="dim", most=width)
    for entry in outline.left_out:
        if entry.note:
            yield from _prose(f"{entry.name}: {entry.note}.", width, most=width)
    if outline.as_page:
        yield Text()
        yield Text(f"Page: {outline.as_page}")  # a command is never broken


def _rankings(outline: StudyOutline, width: int) -> Iterator[Text]:
    """The ranking. What the width does not suffice for comes in further tables below, that first which the answer needs most."""
    left = _arm_columns(outline)
    while len(left) > 1:
        shown = _fitting(left, outline, width)
        head, *lines = table_lines(shown, width)
        yield Text(head, "bold")
        for line, row in zip(lines, outline.ranking.rows, strict=True):
            yield Text(line, ANSWER_STYLES.get(row.answer, ""))
        yield Text()
        left = [column for column in left if column.title == outline.noun or column not in shown]


def _fitting(columns: list[Column], outline: StudyOutline, width: int) -> list[Column]:
    """The columns of one table: the names, which are cropped at need, and beside them what fits and one column at least."""
    for title in _dispensable(outline):
        if table_width(columns) <= width or len(columns) <= 2:
            break
        columns = [column for column in columns if column.title != title]
    return columns


def _arm_columns(outline: StudyOutline) -> list[Column]:
    """Names and answers to the left of their columns, numbers to the right."""
    rows = outline.ranking.rows
    return [
        Column(outline.noun, [row.label for row in rows], least=SHORTEST_NAME, crop=crop_end),
        *(Column(each.title, [row.measured[index] for row in rows], right=True) for index, each in enumerate(outline.ranking.measures)),
        Column("difference", [row.difference for row in rows], right=True),
        Column("interval", [row.interval for row in rows], right=True),
        Column("shown", [row.answer for row in rows]),
    ]


def _dispensable(outline: StudyOutline) -> list[str]:
    """The columns that may be left out, in that order."""
    first, *others = (measure.title for measure in outline.ranking.measures) if outline.ranking.measures else ("",)
    return [*reversed(others), "interval", "difference", first]
