"""The ways between rows that stand below one another, laid out as rails beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LANES = 6
"""Ways beside one another; further ones are counted and not drawn."""


@dataclass(frozen=True, slots=True)
class Rail:
    """What is drawn beside one row."""

    above: bool = False
    """Whether the row is reached straight from the one above it."""
    below: bool = False
    ending: tuple[int, ...] = ()
    """Lanes that come from above and end at this row, 1 next to the rows."""
    starting: tuple[int, ...] = ()
    """Lanes that leave this row downwards."""
    passing: tuple[int, ...] = ()
    """Lanes that pass it by."""
    back: tuple[int, ...] = ()
    """Of all these lanes, those whose way leads upwards: to a station that is used again."""


@dataclass(frozen=True, slots=True)
class Rails:
    """The rails of all rows."""

    rows: tuple[Rail, ...]
    lanes: int
    left_out: int = 0
    """Ways for which there was no lane."""


def rails(rows: int, ways: Sequence[tuple[int, int]]) -> Rails:
    """A rail for each of `rows`; a way is a pair of rows. Neighbours are joined straight, all others by the innermost lane that is free."""
    straight = {start for start, end in ways if end == start + 1}
    free_from = [0] * (MOST_LANES + 1)
    placed: list[tuple[int, int, int, bool]] = []
    left_out = 0
    for top, bottom, back in sorted({(min(way), max(way), way[0] > way[1]) for way in ways if way[1] != way[0] + 1}):
        lane = next((lane for lane in range(1, MOST_LANES + 1) if free_from[lane] <= top), None)
        if lane is None:
            left_out += 1
            continue
        free_from[lane] = bottom
        placed.append((top, bottom, lane, back))
    return Rails(tuple(_rail(row, straight, placed) for row in range(rows)), max((lane for _, _, lane, _ in placed), default=0), left_out)


def _rail(row: int, straight: set[int], placed: Sequence[tuple[int, int, int, bool]]) -> Rail:
    near = [way for way in placed if way[0] <= row <= way[1]]
    return Rail(
        above=row - 1 in straight,
        below=row in straight,
        ending=tuple(lane for _, bottom, lane, _ in near if bottom == row),
        starting=tuple(lane for top, _, lane, _ in near if top == row),
        passing=tuple(lane for top, bottom, lane, _ in near if top < row < bottom),
        back=tuple(lane for _, _, lane, back in near if back),
    )
