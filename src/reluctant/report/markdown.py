"""The report as Markdown, to paste into an issue or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from reluctant.recording import Document

from ._finding_block import FindingBlock
from ._outline import LEGEND, Outline
from ._renderer import Renderer
from ._site_table import SiteRow, SkippedRows

if TYPE_CHECKING:
    from reluctant.studies import Study

    from ._study import StudyOutline

TITLES = ("line", "after", "activation", "units", "dead", "open", "zeros", "gradient in", "out", "over the run")
"""Of the columns, which are the fields of `SiteRow` in their order."""

_SPECIAL = re.compile(r"[\\`*_\[\]<>|#~$!&]")


@dataclass(frozen=True)
class Markdown(Renderer):
    """The report in the Markdown that code hosts show, tables included."""

    name = "markdown"
    suffix = ".md"

    def render(self, document: Document) -> str:
        """The report as Markdown."""
        return "\n".join(_lines(self.outline(document))) + "\n"

    def render_study(self, study: Study) -> str:
        """What a study showed, as Markdown."""
        from ._study import study_outline

        return "\n".join(_study_lines(study_outline(study))) + "\n"


def _head(outline: Outline | StudyOutline) -> Iterator[str]:
    yield f"## {_escaped(outline.verdict.sentence)}"
    for text in (outline.title, *outline.notes):
        yield from ("", _escaped(text))


def _lines(outline: Outline) -> Iterator[str]:
    yield from _head(outline)
    if outline.rows:
        yield ""
        yield from _table(outline)
    for block in outline.blocks:
        yield ""
        yield from _block(block)
    if outline.unjudged:
        yield ""
        yield from (f"- *{label}* {_escaped(text)}" for label, text in outline.unjudged)
    commands = " · ".join(f"{purpose}: {_code(command)}" for purpose, command in outline.commands)
    yield from ("", f"{outline.tally}. {commands}" if outline.tally else commands)


def _study_lines(outline: StudyOutline) -> Iterator[str]:
    yield from _head(outline)
    titles = (outline.noun, *(measure.title for measure in outline.ranking.measures), "difference", "interval", "shown")
    yield from ("", f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 2)}---|")
    for row in outline.ranking.rows:
        cells = (row.label, *row.measured, row.difference, f"{row.interval} ({row.level})" if row.interval else "", row.answer)
        yield f"| {' | '.join(map(_escaped, cells))} |"
    yield from ("", _escaped(outline.reading))
    if notes := [f"- **{_escaped(entry.name)}** {_escaped(entry.note)}" for entry in outline.left_out if entry.note]:
        yield from ("", *notes)
    yield ""
    yield from (f"- {_escaped(name)}: {_code(command)}" for name, command in outline.commands)


def _table(outline: Outline) -> Iterator[str]:
    yield f"| {' | '.join(TITLES)} |"
    yield f"|{'---|' * len(TITLES)}"
    for row in outline.rows:
        yield f"| {' | '.join(_cells(row))} |"
    yield ""
    yield "  \n".join(_escaped(line) for line in LEGEND)


def _cells(row: SiteRow | SkippedRows) -> list[str]:
    if isinstance(row, SkippedRows):
        return ["⋮", _escaped(row.sentence), *[""] * (len(TITLES) - 2)]
    cells = [_escaped(getattr(row, field.name)) for field in fields(row)[: len(TITLES)]]
    return [f"**{cell}**" if row.severity in ("error", "warning") and index == 0 else cell for index, cell in enumerate(cells)]


def _block(block: FindingBlock) -> Iterator[str]:
    where = f" ({_escaped(block.where)})" if block.where else ""
    yield f"### {block.severity} {_escaped(block.code)} {_escaped(block.name)}{where}"
    if block.code_line:
        yield from ("", f"    {block.line}: {block.code_line}")
    yield from ("", _escaped(block.message), "")
    yield from (f"- **{label}** {_escaped(text)}" for label, text in block.details)


def _escaped(text: str) -> str:
    """The text with every letter that means something in Markdown, or that would call somebody, as itself."""
    return _SPECIAL.sub(r"\\\g<0>", text).replace("@", "&#64;")


def _code(text: str) -> str:
    """The text as code, between more backticks than it holds."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    inner = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return f"{ticks}{inner}{ticks}"
