"""Manual pages on a terminal: docstrings laid out, examples left alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from reluctant.layout import wrap


def summary(docstring: str | None) -> str:
    """The first sentence of a docstring on one line."""
    paragraph = inspect.cleandoc(docstring or "").partition("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph, maxsplit=1)[0]


def page(docstring: str | None, width: int) -> Iterator[str]:
    """The lines of a docstring, its paragraphs and list entries filled to the width, its indented blocks as they are."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(docstring or "")):
        lines = block.split("\n")
        if block.startswith("    "):
            yield from lines
        else:
            for paragraph in _paragraphs(lines):
                yield from wrap(paragraph, width, then="  " if paragraph.startswith("- ") else "")
        yield ""


def example(title: str, code: str) -> Iterator[str]:
    """A program under its title, indented like the blocks of a docstring."""
    yield from (title, "")
    yield from (f"    {line}".rstrip() for line in code.strip("\n").split("\n"))
    yield ""


def is_heading(line: str) -> bool:
    """Whether a line of a page is the title of a section."""
    return line.startswith("## ")


def _paragraphs(lines: list[str]) -> list[str]:
    """The lines joined to paragraphs; an entry of a list, and a heading, begins a new one."""
    paragraphs: list[str] = []
    for line in lines:
        if not paragraphs or line.startswith("- ") or is_heading(line) or is_heading(paragraphs[-1]):
            paragraphs.append(line)
        else:
            paragraphs[-1] += f" {line.strip()}"
    return paragraphs
