"""Words and cells on lines of a given width, counted as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells, set_cell_size


def wrap(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """The text on lines of at most `width` cells, the first after `first`, the others after `then`.

    A word that is longer than a line is cut. A number stays with its percent sign.
    """
    lines: list[str] = []
    line, empty = first, True
    for word in text.replace(" %", "\0%").split():
        for part in _parts(word.replace("\0", " "), width - cell_len(then)):
            if not empty and cell_len(line) + 1 + cell_len(part) > width:
                lines.append(line)
                line, empty = then, True
            line += part if empty else f" {part}"
            empty = False
    return [*lines, line]


def _parts(word: str, width: int) -> list[str]:
    return chop_cells(word, max(width, 1)) if cell_len(word) > width else [word]


def crop_start(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, its end: names differ at their ends."""
    if cell_len(text) <= width:
        return text
    kept = ""
    for letter in reversed(text):
        if cell_len(kept) + cell_len(letter) > width - 1:
            break
        kept = letter + kept
    return f"…{kept}"


def crop_end(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, its start."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def pad(text: str, width: int, right: bool = False) -> str:
    """The text with spaces after it, or before it where it belongs to the right, in `width` cells."""
    spaces = " " * max(0, width - cell_len(text))
    return spaces + text if right else text + spaces


def column_width(cells: Sequence[str]) -> int:
    """Cells that the widest of a column takes."""
    return max(map(cell_len, cells), default=0)
