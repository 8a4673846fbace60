"""A curve and its slope, drawn in characters."""

from __future__ import annotations

import math
from collections.abc import Callable

from ._activation import Activation
from ._gated import Gated
from ._numbers import number

COLUMNS = 61
MOST_ROWS = 17
STEPS = (0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5)
"""Heights that a line may stand for; the last makes 17 lines of the whole reach."""
REACH = 4.0
"""Drawn from -REACH to REACH; what lies higher or lower than that is cut off."""

CURVE, SLOPE = "●", "○"


def plot(activation: Activation) -> str:
    """F and f' from -4 to 4, at most 17 lines of at most 70 characters, with axis and legend; of a gated pair, its gate's."""
    shown = activation.gate if isinstance(activation, Gated) else activation
    xs = [REACH * (2 * column / (COLUMNS - 1) - 1) for column in range(COLUMNS)]
    ys = [max(-REACH, min(REACH, y)) for f in (shown, shown.slope) for y in map(f, xs)] + [0.0]
    step, heights = _heights(min(ys), max(ys))
    top, bottom = heights[0], heights[-1]
    marks = {top: "┤", bottom: "┤", 0: "┼"}
    lines = [f"{number(step * h) if h in marks else '':>7} {marks.get(h, '│')}{_row(h, step, shown, xs)}".rstrip() for h in heights]
    of = f" of its gate {shown}" if shown is not activation else ""
    argument = "a" if shown is not activation else "x"
    axis = f"{'':8}└{'┴'.join('─' * (COLUMNS // 2) for _ in range(2))}┘"
    ticks = f"{'':8}{-REACH:<{COLUMNS // 2 + 1}.0f}{0:<{COLUMNS // 2}}{REACH:.0f}"
    return "\n".join([*lines, axis, ticks, f"{'':9}{CURVE} f({argument})   {SLOPE} f'({argument}){of}"])


def _heights(low: float, high: float) -> tuple[float, range]:
    """The finest step that needs few enough lines, and the lines as multiples of it, so that 0 has a line of its own."""
    for step in STEPS:
        heights = range(math.ceil(high / step - 1e-9), math.floor(low / step + 1e-9) - 1, -1)
        if len(heights) <= MOST_ROWS:
            break
    return step, heights


def _row(height: int, step: float, shown: Activation, xs: list[float]) -> str:
    def lies_here(f: Callable[[float], float], x: float) -> bool:
        return bool(abs(f(x) / step - height) <= 0.5)

    return "".join(
        CURVE if lies_here(shown, x) else SLOPE if lies_here(shown.slope, x) else "·" if height == 0 else "│" if x == 0 else " " for x in xs
    )
