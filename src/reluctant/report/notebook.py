"""The report as a piece of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from html import escape

from reluctant.recording import Document

from ._finding_block import FindingBlock
from ._outline import LEGEND, Outline
from ._renderer import Renderer
from ._site_table import SiteRow, SkippedRows

COLOURS = {"error": "#d33", "warning": "#c80", "advice": "#29b", "clear": "#3a3", "nothing": "#c80"}
"""For the bar beside a text. The text itself keeps the notebook's colour, whether that is dark or light."""

TITLES = ("line", "after", "activation", "units", "dead", "open", "zeros", "gradient in", "gradient out", "over the run")
"""Of the columns, which are the fields of `SiteRow` in their order."""

_LEFT = 3
"""Columns of words; those after them hold numbers."""


@dataclass(frozen=True)
class Notebook(Renderer):
    """The report as one HTML element without scripts, style sheets or anything loaded, for ``_repr_html_``."""

    name = "notebook"
    suffix = ""

    def render(self, document: Document) -> str:
        """The element as text."""
        return "\n".join(_lines(self.outline(document))) + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    yield '<div class="reluctant" style="max-width: 60em">'
    yield _element("p", outline.title, "opacity: 0.7")
    yield _element("p", outline.verdict.sentence, f"{_bar(outline.verdict.kind)}; font-weight: bold")
    yield from (_element("p", note) for note in outline.notes)
    if outline.rows:
        yield from _table(outline)
    for block in outline.blocks:
        yield from _block(block)
    for label, text in outline.unjudged:
        yield f'<p style="opacity: 0.7"><b>{escape(label)}</b> {escape(text)}</p>'
    commands = " · ".join(f"{escape(purpose)}: <code>{escape(command)}</code>" for purpose, command in outline.commands)
    yield f"<p>{escape(f'{outline.tally}. ' if outline.tally else '')}{commands}</p>"
    yield "</div>"


def _table(outline: Outline) -> Iterator[str]:
    yield '<table style="font-variant-numeric: tabular-nums">'
    yield f"<tr>{''.join(_cell('th', title, index) for index, title in enumerate(TITLES))}</tr>"
    for row in outline.rows:
        bar = f' style="{_bar(row.severity)}"' if row.severity in ("error", "warning") else ""
        yield f"<tr{bar}>{_cells(row)}</tr>"
    yield "</table>"
    yield _element("p", " ".join(LEGEND), "opacity: 0.7; font-size: smaller")


def _cells(row: SiteRow | SkippedRows) -> str:
    if isinstance(row, SkippedRows):
        return f'<td>⋮</td><td colspan="{len(TITLES) - 1}" style="text-align: left">{escape(row.sentence)}</td>'
    return "".join(_cell("td", getattr(row, field.name), index) for index, field in enumerate(fields(row)[: len(TITLES)]))


def _cell(tag: str, text: str, index: int) -> str:
    side = "left" if 0 < index < _LEFT or index == len(TITLES) - 1 else "right"
    return _element(tag, text, f"text-align: {side}; white-space: nowrap")


def _block(block: FindingBlock) -> Iterator[str]:
    yield f'<div style="{_bar(block.severity)}; margin: 1em 0">'
    yield f"<b>{escape(f'{block.severity} {block.code} {block.name}')}</b> {escape(block.where)}"
    if block.code_line:
        yield _element("pre", f"{block.line} │ {block.code_line}", "margin: 0.3em 0")
    yield _element("p", block.message, "margin: 0.3em 0")
    yield from (f'<p style="margin: 0.3em 0"><b>{escape(label)}</b> {escape(text)}</p>' for label, text in block.details)
    yield "</div>"


def _bar(kind: str) -> str:
    return f"border-left: 4px solid {COLOURS[kind]}; padding-left: 0.6em"


def _element(tag: str, text: str, style: str = "") -> str:
    return f'<{tag} style="{style}">{escape(text)}</{tag}>' if style else f"<{tag}>{escape(text)}</{tag}>"
