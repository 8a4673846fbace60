"""Curves over an axis."""

from __future__ import annotations

from collections.abc import Sequence

from ._axis import Axis
from ._drawing import Drawing, Key
from ._figure import Band, Guide, Line
from ._svg import LETTER, WIDTH, Frame, canvas, draw_guide, draw_marks, line_path
from ._words import translation

HEIGHT = 230
MOST_ROWS = 16
"""Rows of the table of numbers."""


def line_chart(
    title: str, alt: str, x: Axis, y: Axis, lines: Sequence[Line], bands: Sequence[Band] = (), guides: Sequence[Guide] = ()
) -> Drawing:
    """The curves, with what is marked; the numbers of the curves are in the table."""
    svg = canvas(HEIGHT, f"{title}. {alt}")
    names = [translation(name) for _, name in y.ticks(5)]
    placed = Frame(x, y, 10 + LETTER * max(map(len, names), default=0), WIDTH - 8, 24.0, HEIGHT - 40)
    placed.draw(svg)
    placed.describe(svg)
    draw_marks(svg, bands, placed)
    for line in lines:
        if line_path(line, placed):
            draw_marks(svg, [line], placed)
            svg[-1].set("data-label", translation(line.label))
    for guide in guides:
        draw_guide(svg, placed, guide)
    keys = [Key("dashed" if line.dashed else "line", f"c{line.colour}", translation(line.label)) for line in lines]
    keys += [Key("area", f"f{band.colour} band", translation(band.label)) for band in bands if band.label]
    return Drawing(title, alt, svg, tuple(keys) if len(keys) > 1 else (), _head(x, lines), _table(lines))


def _head(x: Axis, lines: Sequence[Line]) -> tuple[str, ...]:
    """What the columns of the table hold."""
    return translation(x.label).partition(",")[0], *(translation(line.label) for line in lines)


def _table(lines: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    """A row for some of the x values that any curve has."""
    values: dict[float, list[float | None]] = {}
    for index, line in enumerate(lines):
        for x, y in zip(line.xs, line.ys, strict=True):
            values.setdefault(x, [None] * len(lines))[index] = y
    xs = sorted(values)
    if len(xs) > MOST_ROWS:
        xs = sorted({xs[round(index * (len(xs) - 1) / (MOST_ROWS - 1))] for index in range(MOST_ROWS)})
    return tuple((f"{x:,.6g}", *("–" if y is None else f"{y:.4g}" for y in values[x])) for x in xs)
