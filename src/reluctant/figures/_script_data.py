"""What the script of the page needs to know of a figure, as plain data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._axis import Axis
from ._figure import Band, Cells, Dots, Figure, Line, Mark, Panel
from ._panel import panel_frame
from ._words import Words, translation

DIGITS = 4
"""Digits that count in what a reader can point at."""


def script_data(figure: Figure, language: str, slope: Words) -> dict[str, Any]:
    """Axes and marks of the panels, and for every position of the sliders what differs from the start; `slope` is the word for one."""
    return {
        "words": {"slope": translation(slope, language)},
        "panels": [_panel(panel, language) for panel in figure.panels],
        "sliders": [[translation(position, language) for position in slider.positions] for slider in figure.sliders],
        "frames": [
            {"readout": translation(setting.readout, language), "marks": _changes(figure.panels, setting.panels, language)}
            for setting in figure.settings
        ],
    }


def _panel(panel: Panel, language: str) -> dict[str, Any]:
    frame = panel_frame(panel, language)
    return {
        "box": {"left": frame.left, "right": frame.right, "top": frame.top, "bottom": frame.bottom},
        "axes": {"x": _axis(panel.x, language), "y": _axis(panel.y, language)},
        "marks": [_mark(mark, language) for mark in panel.marks],
    }


def _axis(axis: Axis, language: str) -> dict[str, Any]:
    return {"label": translation(axis.label, language), "low": axis.low, "high": axis.high, "log": axis.scale == "log"}


def _mark(mark: Mark, language: str) -> dict[str, Any]:
    if isinstance(mark, Line | Dots):
        points: dict[str, Any] = {"xs": _rounded(mark.xs), "ys": _rounded(mark.ys)}
        if isinstance(mark, Dots):
            return {"kind": "dots", **points}
        slopes = {"slopes": _rounded(mark.slopes)} if mark.slopes else {}
        return {"kind": "line", "label": translation(mark.label, language), "colour": mark.colour, **points, **slopes}
    if isinstance(mark, Band):
        return {"kind": "band", "xs": _rounded(mark.xs), "low": _rounded(mark.low), "high": _rounded(mark.high)}
    if isinstance(mark, Cells):
        return {"kind": "cells", "rows": list(mark.rows)}
    return {"kind": "still"}


def _rounded(numbers: Sequence[float | None]) -> list[float | None]:
    return [None if number is None else float(f"{number:.{DIGITS}g}") for number in numbers]


def _changes(start: Sequence[Panel], now: Sequence[Panel], language: str) -> list[list[dict[str, Any] | None]] | None:
    """For each mark the keys that differ from the start; None where nothing does."""
    found = [
        [_difference(_mark(old, language), _mark(new, language)) for old, new in zip(before.marks, after.marks, strict=True)]
        for before, after in zip(start, now, strict=True)
    ]
    return found if any(change for panel in found for change in panel) else None


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any] | None:
    return {key: value for key, value in new.items() if old.get(key) != value} or None
