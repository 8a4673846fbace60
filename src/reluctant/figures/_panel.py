"""Panels and figures as SVG.

One panel is one picture, 400 wide: a page sets as many beside each other as it has room for, and on a phone one below the
other, always with letters of the same size. What is drawn carries classes and no colours: these are in the pages' shared
style, light and dark. A figure that stands alone brings the light ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, tostring

from rich.cells import cell_len

from reluctant.page import in_plain_colours, stylesheet

from ._axis import Axis
from ._drawing import Key, KeyMark
from ._figure import Cells, Dots, Figure, Guide, Line, Panel
from ._svg import LETTER, Frame, coordinate, draw_marks, label, path
from ._words import Words, translation

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 26, 42
"""Margins around the axes. The left one grows where names stand there."""


def panel_frame(panel: Panel, language: str) -> Frame:
    """The axes of one panel in the picture's coordinates."""
    names = [cell_len(translation(name, language)) for _, name in panel.y.names]
    left = max(LEFT, round(24 + LETTER * max(names, default=0)))
    return Frame(panel.x, panel.y, left, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, clipped=True)


def panel_element(panel: Panel, language: str, name: str) -> Element:
    """One panel; `name` sets the names inside it apart from those of other panels on a page."""
    frame = panel_frame(panel, language)
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "panel", "aria-hidden": "true"})  # the figure says it in words
    clip = SubElement(svg, "clipPath", {"id": f"{name}-clip"})
    sides = {"x": frame.left, "y": frame.top, "width": frame.right - frame.left, "height": frame.bottom - frame.top}
    SubElement(clip, "rect", {side: coordinate(place) for side, place in sides.items()})
    if title := translation(panel.title, language):
        _label(svg, frame.left, 15, title, "panel-title")
    _axes(svg, frame, panel, language)
    inside = SubElement(svg, "g", {"clip-path": f"url(#{name}-clip)"})  # the page's script finds the marks here, one element each
    for mark in panel.marks:
        if isinstance(mark, Guide):
            path(inside, "guide", frame.upright(frame.across(mark.at)) if mark.upright else frame.level(frame.up(mark.at)))
        elif isinstance(mark, Cells):
            _cells(inside, mark, frame)
        else:
            draw_marks(inside, [mark], frame)
    for mark in panel.marks:
        if isinstance(mark, Guide):
            _guide_label(svg, mark, frame, language)
    return svg


def _axes(svg: Element, frame: Frame, panel: Panel, language: str) -> None:
    for axis, upright in ((panel.x, False), (panel.y, True)):
        for value, name in _places(axis, language, 5 if upright else 6):
            place = frame.up(value) if upright else frame.across(value)
            if not any(isinstance(mark, Cells) for mark in panel.marks):
                path(svg, "grid", frame.level(place) if upright else frame.upright(place))
            if upright:
                _label(svg, frame.left - 6, place + 4, name, "tick", "end")
            else:
                _label(svg, place, frame.bottom + 15, name, "tick", "middle")
    path(svg, "axis", frame.level(frame.bottom))
    path(svg, "axis", frame.upright(frame.left))
    _label(svg, (frame.left + frame.right) / 2, HEIGHT - 8, translation(panel.x.label, language), "axis-label", "middle")
    middle = (frame.top + frame.bottom) / 2
    turned = _label(svg, 12, middle, translation(panel.y.label, language), "axis-label", "middle")
    turned.set("transform", f"rotate(-90 12 {coordinate(middle)})")


def _places(axis: Axis, language: str, most: int) -> Iterator[tuple[float, str]]:
    return ((value, translation(name, language)) for value, name in axis.ticks(most) if 0 <= axis.share(value) <= 1)


def _label(parent: Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> Element:
    return label(parent, x, y, text, kind, anchor, math.inf)


def _guide_label(svg: Element, guide: Guide, frame: Frame, language: str) -> None:
    if guide.upright:
        _label(svg, frame.across(guide.at) + 4, frame.top + 11, translation(guide.label, language), "guide-label")
    else:
        place = frame.left + 4 if guide.label_at == "start" else frame.right - 2
        _label(svg, place, frame.up(guide.at) - 4, translation(guide.label, language), "guide-label", guide.label_at)


def _cells(parent: Element, cells: Cells, frame: Frame) -> None:
    """A path for each digit; cells beside each other are one rectangle, and rectangles share their edges, so no seam shows."""
    group = SubElement(parent, "g", {"class": cells.scheme})
    rows, columns = len(cells.rows), len(cells.rows[0])
    down = [round(frame.top + (frame.bottom - frame.top) * row / rows, 1) for row in range(rows + 1)]
    along = [round(frame.left + (frame.right - frame.left) * column / columns, 1) for column in range(columns + 1)]
    paths: dict[str, list[str]] = {}
    for row, digits in enumerate(cells.rows):
        column = 0
        for digit, run in groupby(digits):
            end = column + len(list(run))
            left, right, top, bottom = map(coordinate, (along[column], along[end], down[row], down[row + 1]))
            paths.setdefault(digit, []).append(f"M{left} {top}H{right}V{bottom}H{left}z")
            column = end
    for digit in sorted(paths):
        path(group, f"d{digit}", "".join(paths[digit]))


def inline(panel: Panel, language: str, name: str) -> str:
    """One panel as it stands in a page."""
    return tostring(panel_element(panel, language, name), encoding="unicode")


def legend(panels: Sequence[Panel]) -> list[Key]:
    """What the lines and dots of some panels are called, each once."""
    found: dict[Words, Key] = {}
    for panel in panels:
        for mark in panel.marks:
            if isinstance(mark, Line | Dots) and mark.label:
                kind: KeyMark = "dots" if isinstance(mark, Dots) else "dashed" if mark.dashed else "line"
                found.setdefault(mark.label, Key(kind, f"c{mark.colour}", mark.label))
    return list(found.values())


def sheet(name: str, width: int, height: int, title: str, alt: str) -> Element:
    """An empty picture that stands alone: its title, its text alternative, the light style of all classes, and paper."""
    size = {"width": str(width), "height": str(height)}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", **size, "role": "img"})
    svg.set("class", "panel")
    svg.set("aria-labelledby", f"{name}-title {name}-alt")
    SubElement(svg, "title", {"id": f"{name}-title"}).text = title
    SubElement(svg, "desc", {"id": f"{name}-alt"}).text = alt
    SubElement(svg, "style").text = in_plain_colours(stylesheet("figures")) + ".figure-title { font-size: 15px; font-weight: 600; }"
    SubElement(svg, "rect", {"class": "paper", **size})
    _label(svg, 12, 22, title, "figure-title")
    return svg


def standalone(figure: Figure, language: str) -> str:
    """A whole figure as a file of its own: its panels and its legend on a sheet."""
    columns = min(3, len(figure.panels))
    rows = math.ceil(len(figure.panels) / columns)
    lines = _legend_lines(legend(figure.panels), language, columns * WIDTH - 24)
    height = 34 + rows * HEIGHT + 18 * len(lines) + 10
    svg = sheet(figure.name, columns * WIDTH, height, translation(figure.title, language), translation(figure.alt, language))
    for index, panel in enumerate(figure.panels):
        drawn = panel_element(panel, language, f"{figure.name}-{index}")
        place = {"x": index % columns * WIDTH, "y": 34 + index // columns * HEIGHT, "width": WIDTH, "height": HEIGHT}
        drawn.attrib |= {side: str(size) for side, size in place.items()}
        svg.append(drawn)
    for row, line in enumerate(lines):
        _draw_legend(svg, line, language, 34 + rows * HEIGHT + 18 * row + 8)
    return tostring(svg, encoding="unicode") + "\n"


def _legend_lines(entries: list[Key], language: str, width: int) -> list[list[Key]]:
    lines: list[list[Key]] = []
    used = width + 1.0
    for entry in entries:
        needed = _legend_width(entry.label, language)
        if used + needed > width:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += needed
    return lines


def _legend_width(label: Words, language: str) -> float:
    return 44 + LETTER * cell_len(translation(label, language))


def _draw_legend(svg: Element, keys: list[Key], language: str, y: float) -> None:
    x = 12.0
    for key in keys:
        if key.mark == "dots":
            path(svg, f"dots {key.colour}", f"M{coordinate(x + 12)} {coordinate(y)}h.01").set("stroke-width", "7")
        else:
            path(svg, f"line {key.colour}{' dashed' if key.mark == 'dashed' else ''}", f"M{coordinate(x)} {coordinate(y)}h24")
        _label(svg, x + 30, y + 4, translation(key.label, language), "legend")
        x += _legend_width(key.label, language)
