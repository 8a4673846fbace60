"""The ratios of a study as a picture: one bar a member and type, torch's speed as the line at 1."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from ._row import BenchRow
from ._study import BenchStudy

WIDTH, LABELS, BAR, GAP = 760, 230, 12, 10
"""Of the picture, of the names at its left, and of a bar with the space below its group, in pixels."""
COLOURS = {"float32": "#3f6fb0", "bfloat16": "#c9782f", "float16": "#5a9a5a"}
STYLE = "text{font:12px system-ui,sans-serif;fill:#222}.note{fill:#666}"


def svg(study: BenchStudy) -> str:
    """A picture for each size that was measured, one below the other, as one SVG document."""
    sizes = sorted({row.elements for row in study.rows})
    root = Tree.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    Tree.SubElement(root, "title").text = "Speed of reluctant's activations, forward and backward, as multiples of torch's"
    Tree.SubElement(root, "style").text = STYLE
    background = Tree.SubElement(root, "rect", fill="#fff", width=str(WIDTH))
    top = 12
    for size in sizes:
        top = _panel(root, [row for row in study.rows if row.elements == size], size, top)
    machine = study.machine
    _text(root, 12, top + 14, f"{machine.processor}, one thread, torch {machine.torch}, kernels: {machine.library}", "note")
    root.set("viewBox", f"0 0 {WIDTH} {top + 28}")
    root.set("width", str(WIDTH))
    background.set("height", str(top + 28))
    return Tree.tostring(root, encoding="unicode") + "\n"


def _panel(root: Tree.Element, rows: Sequence[BenchRow], size: int, top: int) -> int:
    members = list(dict.fromkeys(row.member for row in rows))
    dtypes = list(dict.fromkeys(row.dtype for row in rows))
    largest = max(max(row.ratio for row in rows), 1.0)
    scale = (WIDTH - LABELS - 60) / largest
    _text(root, 12, top + 14, f"{size:,} elements: times torch's speed (dashed), forward and backward")
    for place, dtype in enumerate(dtypes):
        x = WIDTH - 90 * (len(dtypes) - place)
        Tree.SubElement(root, "rect", x=str(x), y=str(top + 5), width="10", height="10", fill=COLOURS[dtype])
        _text(root, x + 14, top + 14, dtype)
    start = y = top + 28
    for member in members:
        _text(root, 12, y + BAR * len(dtypes) // 2 + 4, member)
        for row in (row for row in rows if row.member == member):
            width = max(row.ratio * scale, 1)
            Tree.SubElement(root, "rect", x=str(LABELS), y=str(y), width=f"{width:.1f}", height=str(BAR - 2), fill=COLOURS[row.dtype])
            _text(root, LABELS + width + 5, y + BAR - 3, f"{row.ratio:.2f}" + (" (torch's own)" if row.chosen == "torch" else ""), "note")
            y += BAR
        y += GAP
    parity = f"{LABELS + scale:.1f}"
    line = {"x1": parity, "x2": parity, "y1": str(start - 4), "y2": str(y), "stroke": "#222", "stroke-dasharray": "3 3"}
    Tree.SubElement(root, "line", line)
    return y + 8


def _text(root: Tree.Element, x: float, y: float, text: str, kind: str = "") -> None:
    element = Tree.SubElement(root, "text", x=f"{x:.1f}", y=f"{y:.1f}")
    element.text = text
    if kind:
        element.set("class", kind)
