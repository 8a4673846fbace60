"""The ratios of a study as a picture: one bar a member and type, torch's speed as the line at 1."""

from __future__ import annotations

from reluctant.figures import Bar, BarPanel, Key, bar_chart
from reluctant.numbers import count

from ._row import BenchRow
from ._study import BenchStudy

COLOURS = {"float32": 1, "bfloat16": 2, "float16": 3}


def svg(study: BenchStudy) -> str:
    """A panel for each size that was measured, one below the other, as one SVG document."""
    sizes = sorted({row.elements for row in study.rows})
    machine = study.machine
    return bar_chart(
        "Speed of reluctant's activations, forward and backward, as multiples of torch's",
        "; ".join(f"{row.member}, {row.dtype}, {count(row.elements)} elements: {row.ratio:.2f}" for row in study.rows) + ".",
        [_panel([row for row in study.rows if row.elements == size], size) for size in sizes],
        f"{machine.processor}, one thread, torch {machine.torch}, kernels: {machine.library}",
    )


def _panel(rows: list[BenchRow], size: int) -> BarPanel:
    members, dtypes = (list(dict.fromkeys(names)) for names in ([row.member for row in rows], [row.dtype for row in rows]))
    return BarPanel(
        f"{count(size)} elements: times torch's speed (dashed)",
        [(member, [_bar(row) for row in rows if row.member == member]) for member in members],
        [Key("area", f"f{COLOURS[dtype]}", dtype) for dtype in dtypes],
    )


def _bar(row: BenchRow) -> Bar:
    return Bar(row.ratio, COLOURS[row.dtype], f"{row.ratio:.2f}" + (" (torch's own)" if row.chosen == "torch" else ""))
