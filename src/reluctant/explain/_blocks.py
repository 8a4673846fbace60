"""What a claim shows: prose, tables, formulas, listings, and figures."""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.figures import Figure, Words


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences. What stands between backticks is code."""

    words: Words


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers in rows; the first column says what a row is."""

    caption: Words
    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of its own line."""

    latex: str
    plain: str
    """The same for a terminal."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A short program and what it printed when it was run."""

    caption: Words
    code: str
    output: str


Block = Paragraph | Table | Formula | Listing | Figure
