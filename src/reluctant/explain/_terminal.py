"""Claims on a terminal, as lines with styles; `click.echo` drops these where the output is no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from reluctant.figures import Cells, Figure, Line, Panel, blocks, half_blocks, translation
from reluctant.layout import Column, column_width, pad, table_lines, table_width, wrap
from reluctant.numbers import short

from . import _words as words
from ._account import Outcome
from ._claim import Block, ClaimVerdict, Formula, Listing, Paragraph, Table
from ._text import Language, Text

COLOURS = {ClaimVerdict.HOLDS: "green", ClaimVerdict.CONDITIONS: "yellow", ClaimVerdict.NOT_HERE: "red"}
SPARK = 32
"""Blocks of one curve."""


def summary(outcome: Outcome, language: Language, width: int) -> Iterator[str]:
    """A claim in a few lines: its title, its verdict, and what decided."""
    yield _title(outcome, language)
    yield from wrap(translation(outcome.conclusion.because[0], language), width, "   ", "   ")


def in_full(outcome: Outcome, language: Language, width: int) -> Iterator[str]:
    """Everything there is to say about a claim."""
    claim, conclusion = outcome.claim, outcome.conclusion
    yield _title(outcome, language)
    yield ""
    yield from wrap(translation(claim.statement, language), width, "  ", "  ")
    yield ""
    for reason in conclusion.because:
        yield from wrap(translation(reason, language), width, "- ", "  ")
    for title, text in ((words.EXPERIMENT, claim.experiment), (words.VERDICT_RULE, claim.verdict_rule)):
        yield ""
        yield from wrap(_labelled(title, text, language), width, "", "  ")
    for block in claim.show(outcome.measured):
        yield ""
        yield from _block(block, language, width)
    yield ""
    yield from wrap(_labelled(words.EVIDENCE, claim.evidence(outcome.measured), language), width, "", "  ")


def _labelled(label: Text, text: Text, language: Language) -> str:
    return f"{translation(label, language)}{'' if language == 'zh' else ' '}{translation(text, language)}"


def _title(outcome: Outcome, language: Language) -> str:
    verdict = outcome.conclusion.verdict
    head = click.style(f"{outcome.claim.number}  {translation(outcome.claim.title, language)}", bold=True)
    return f"{head}  {click.style(translation(verdict.words, language), fg=COLOURS[verdict], bold=True)}  {outcome.seconds:.1f} s"


def _block(block: Block, language: Language, width: int) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from wrap(translation(block.words, language), width)
    elif isinstance(block, Formula):
        yield from wrap(block.plain, width, "    ", "    ")
    elif isinstance(block, Listing):
        yield from (f"    {line}".rstrip() for line in (*block.code.splitlines(), "", *block.output.splitlines()))
    elif isinstance(block, Table):
        yield from _table(block, language, width)
    else:
        yield from _figure(block, language, width)


def _table(table: Table, language: Language, width: int) -> Iterator[str]:
    """The rows in columns; where these are wider than the terminal, each row as its own short list."""
    rows = [[translation(cell, language).replace("`", "") for cell in row] for row in (table.head, *table.rows)]
    columns = [Column(title, cells) for title, *cells in zip(*rows, strict=True)]
    yield from wrap(translation(table.caption, language), width)
    if table_width(columns) + 2 <= width:
        head, *lines = table_lines(columns, width)
        yield f"  {click.style(head, bold=True)}"
        yield from (f"  {line}" for line in lines)
        return
    for row in rows[1:]:
        yield f"  {row[0]}"
        for name, cell in zip(rows[0][1:], row[1:], strict=True):
            yield from wrap(f"{name}: {cell}", width, "    ", "      ")


def _figure(figure: Figure, language: Language, width: int) -> Iterator[str]:
    """What of a figure can be drawn with letters; the others say in words what they show."""
    yield from wrap(translation(figure.title, language), width)
    maps = [panel for panel in figure.panels if any(isinstance(mark, Cells) for mark in panel.marks)]
    drawn = list(_maps(maps, language, width))
    drawn += [line for panel in figure.panels if panel not in maps for line in _curves(panel, language, width)]
    yield from drawn or wrap(translation(figure.alt, language), width, "  ", "  ")
    if figure.settings:
        yield from wrap(translation(figure.settings[figure.start].readout, language), width, "  ", "  ")


def _curves(panel: Panel, language: Language, width: int) -> Iterator[str]:
    """Each solid line of a panel as a row of blocks, with its first and last value; all on the panel's own scale."""
    lines = [mark for mark in panel.marks if isinstance(mark, Line) and not mark.dashed]
    if not lines:
        return
    names = [translation(line.label, language) for line in lines]
    gap = column_width(names)
    if translation(panel.title, language):
        yield f"  {translation(panel.title, language)}"
    for name, line in zip(names, lines, strict=True):
        curve = blocks(panel.y, line.ys, min(SPARK, max(8, width - gap - 28)))
        yield f"    {pad(name, gap)}  {curve}  {_number(line.ys[0])} … {_number(line.ys[-1])}"


def _number(y: float | None) -> str:
    return "–" if y is None else short(y)


def _maps(panels: Sequence[Panel], language: Language, width: int) -> Iterator[str]:
    """Pictures of cells beside each other, two rows of cells in one of letters."""
    cells = [next(mark for mark in panel.marks if isinstance(mark, Cells)) for panel in panels]
    drawn = [(translation(panel.title, language), half_blocks(own)) for panel, own in zip(panels, cells, strict=True)]
    while drawn:
        taken = [drawn.pop(0)]
        while drawn and sum(len(rows[0]) + 2 for _, rows in (*taken, drawn[0])) <= width:
            taken.append(drawn.pop(0))
        columns = [column_width([name, rows[0]]) for name, rows in taken]
        for line in ([name for name, _ in taken], *zip(*(rows for _, rows in taken), strict=True)):
            yield "".join(f"  {pad(part, size)}" for part, size in zip(line, columns, strict=True)).rstrip()
