"""A curve the size of a word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from reluctant.page import coordinate as number

from ._svg import path

WIDTH, HEIGHT = 96, 22
DECADES = 4
"""Powers of ten from top to bottom: a fixed number, so that a small change looks small."""


def spark(xs: Sequence[float], sizes: Sequence[float | None], alt: str) -> str:
    """The sizes on a logarithmic scale from the largest down; exactly 0 is a mark at the bottom, NaN and infinities one at the top."""
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "spark", "role": "img", "aria-label": alt})
    measured = [(x, size) for x, size in zip(xs, sizes, strict=True) if size is not None]
    largest = max((size for _, size in measured if math.isfinite(size)), default=0.0)
    span = max(xs[-1] - xs[0], 1e-9) if xs else 1.0
    curve, zero, broken, drawing = [], [], [], False
    for x, size in measured:
        across = 1 + (WIDTH - 2) * (x - xs[0]) / span
        if not math.isfinite(size):
            broken.append(f"M{number(across)} 2v5")
        elif size <= 0:
            zero.append(f"M{number(across)} {HEIGHT - 2}v-5")
        else:
            depth = min(1.0, (math.log10(largest) - math.log10(size)) / DECADES)
            curve.append(f"{'L' if drawing else 'M'}{number(across)} {number(3 + depth * (HEIGHT - 8))}")
        drawing = math.isfinite(size) and size > 0
    for kind, strokes in (("line c1", curve), ("zero", zero), ("broken", broken)):
        if strokes:
            path(svg, kind, "".join(strokes))
    return ElementTree.tostring(svg, encoding="unicode")
