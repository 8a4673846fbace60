"""Panels and figures as SVG.

One panel is one picture, 400 wide: a page sets as many beside each other as it has room for, and on a phone one below the
other, always with letters of the same size. What is drawn carries classes and no colours: these are in the pages' shared
style, light and dark. A figure that stands alone brings the light ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree

from rich.cells import cell_len

from reluctant.page import coordinate as _n
from reluctant.page import in_plain_colours, stylesheet

from ._figure import Axis, Band, Cells, Dots, Figure, Guide, Line, Mark, Panel, Whiskers
from ._text import Language, Words, said
from ._ticks import ticks

Element = ElementTree.Element

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 26, 42
"""Margins around the axes. The left one grows where names stand there."""
LETTER = 6.3
"""About the width of a letter of the tick labels."""


class Frame:
    """The axes of one panel in the picture's coordinates."""

    def __init__(self, panel: Panel, language: Language) -> None:
        names = [cell_len(said(name, language)) for _, name in panel.y.ticks]
        self.x, self.y = panel.x, panel.y
        self.left = max(LEFT, round(24 + LETTER * max(names, default=0)))
        self.right, self.top, self.bottom = WIDTH - RIGHT, TOP, HEIGHT - BOTTOM

    def across(self, x: float) -> float:
        """Where a value of the x axis is drawn."""
        return self.left + (self.right - self.left) * self.x.share(x)

    def up(self, y: float) -> float:
        """Where a value of the y axis is drawn."""
        return self.bottom - (self.bottom - self.top) * self.y.share(y)


def panel_element(panel: Panel, language: Language, name: str) -> Element:
    """One panel; `name` sets the names inside it apart from those of other panels on a page."""
    frame = Frame(panel, language)
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "panel", "aria-hidden": "true"})  # the figure says it in words
    clip = ElementTree.SubElement(svg, "clipPath", {"id": f"{name}-clip"})
    box = {"x": _n(frame.left), "y": _n(frame.top), "width": _n(frame.right - frame.left), "height": _n(frame.bottom - frame.top)}
    ElementTree.SubElement(clip, "rect", box)
    if said(panel.title, language):
        _label(svg, frame.left, 15, said(panel.title, language), "panel-title")
    _axes(svg, frame, panel, language)
    inside = ElementTree.SubElement(svg, "g", {"clip-path": f"url(#{name}-clip)"})
    for mark in panel.marks:
        inside.append(_drawn(mark, frame))
    for mark in panel.marks:
        if isinstance(mark, Guide):
            _guide_label(svg, mark, frame, language)
    return svg


def _axes(svg: Element, frame: Frame, panel: Panel, language: Language) -> None:
    for axis, upright in ((panel.x, False), (panel.y, True)):
        for value, label in _places(axis, language, 5 if upright else 6):
            place = frame.up(value) if upright else frame.across(value)
            ends = (frame.left, place, frame.right, place) if upright else (place, frame.top, place, frame.bottom)
            if not any(isinstance(mark, Cells) for mark in panel.marks):
                _line(svg, ends, "grid")
            if upright:
                _label(svg, frame.left - 6, place + 4, label, "tick", "end")
            else:
                _label(svg, place, frame.bottom + 15, label, "tick", "middle")
    _line(svg, (frame.left, frame.bottom, frame.right, frame.bottom), "axis")
    _line(svg, (frame.left, frame.top, frame.left, frame.bottom), "axis")
    _label(svg, (frame.left + frame.right) / 2, HEIGHT - 8, said(panel.x.label, language), "axis-label", "middle")
    middle = (frame.top + frame.bottom) / 2
    turned = _label(svg, 12, middle, said(panel.y.label, language), "axis-label", "middle")
    turned.set("transform", f"rotate(-90 12 {_n(middle)})")


def _places(axis: Axis, language: Language, most: int) -> Iterable[tuple[float, str]]:
    own = [(value, said(name, language)) for value, name in axis.ticks]
    return (place for place in own or ticks(axis, most) if 0 <= axis.share(place[0]) <= 1)


def _line(parent: Element, ends: tuple[float, float, float, float], kind: str) -> None:
    x1, y1, x2, y2 = ends
    ElementTree.SubElement(parent, "line", {"class": kind, "x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2)})


def _label(parent: Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> Element:
    label = ElementTree.SubElement(parent, "text", {"class": kind, "x": _n(x), "y": _n(y), "text-anchor": anchor})
    label.text, _, power = text.partition("^")
    if power:  # raised by hand: few fonts have all the raised digits
        ElementTree.SubElement(label, "tspan", {"dy": "-4", "font-size": "75%", "style": "font-size: 75%"}).text = power
    return label


def _guide_label(svg: Element, guide: Guide, frame: Frame, language: Language) -> None:
    if guide.vertical:
        _label(svg, frame.across(guide.at) + 4, frame.top + 11, said(guide.label, language), "guide-label")
    else:
        place = frame.left + 4 if guide.label_at == "start" else frame.right - 2
        _label(svg, place, frame.up(guide.at) - 4, said(guide.label, language), "guide-label", guide.label_at)


def _drawn(mark: Mark, frame: Frame) -> Element:
    if isinstance(mark, Line):
        return _path(f"line c{mark.colour}{' dashed' if mark.dashed else ''}", _polyline(mark.xs, mark.ys, frame))
    if isinstance(mark, Band):
        there, back = _polyline(mark.xs, mark.low, frame), _polyline(mark.xs[::-1], mark.high[::-1], frame)
        return _path(f"band f{mark.colour}", f"{there}L{back[1:]}Z")
    if isinstance(mark, Dots):
        points = "".join(f"M{_n(frame.across(x))} {_n(frame.up(y))}h.01" for x, y in zip(mark.xs, mark.ys, strict=True))
        dots = _path(f"dots c{mark.colour}", points)
        dots.set("stroke-width", _n(mark.size))
        return dots
    if isinstance(mark, Whiskers):
        strokes = zip(mark.low, mark.high, mark.ys, strict=True)
        return _path(
            f"line c{mark.colour}", "".join(f"M{_n(frame.across(a))} {_n(frame.up(y))}H{_n(frame.across(b))}" for a, b, y in strokes)
        )
    if isinstance(mark, Guide):
        place = frame.across(mark.at) if mark.vertical else frame.up(mark.at)
        across, up = f"M{_n(frame.left)} {_n(place)}H{_n(frame.right)}", f"M{_n(place)} {_n(frame.top)}V{_n(frame.bottom)}"
        return _path("guide", up if mark.vertical else across)
    return _cells(mark, frame)


def _path(kind: str, d: str) -> Element:
    return Element("path", {"class": kind, "d": d})


def _polyline(xs: Sequence[float], ys: Sequence[float | None], frame: Frame) -> str:
    parts, drawing = [], False
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            drawing = False
            continue
        parts.append(f"{'L' if drawing else 'M'}{_n(frame.across(x))} {_n(frame.up(y))}")
        drawing = True
    return "".join(parts)


def _cells(cells: Cells, frame: Frame) -> Element:
    """A path for each digit; cells beside each other are one rectangle, and rectangles share their edges, so no seam shows."""
    group = Element("g", {"class": cells.scheme})
    rows, columns = len(cells.rows), len(cells.rows[0])
    down = [round(frame.top + (frame.bottom - frame.top) * row / rows, 1) for row in range(rows + 1)]
    along = [round(frame.left + (frame.right - frame.left) * column / columns, 1) for column in range(columns + 1)]
    paths: dict[str, list[str]] = {}
    for row, digits in enumerate(cells.rows):
        column = 0
        for digit, run in groupby(digits):
            end = column + len(list(run))
            edges = f"M{_n(along[column])} {_n(down[row])}H{_n(along[end])}V{_n(down[row + 1])}H{_n(along[column])}z"
            paths.setdefault(digit, []).append(edges)
            column = end
    for digit in sorted(paths):
        group.append(_path(f"d{digit}", "".join(paths[digit])))
    return group


def inline(panel: Panel, language: Language, name: str) -> str:
    """One panel as it stands in a page."""
    return ElementTree.tostring(panel_element(panel, language, name), encoding="unicode")


def legend(panels: Sequence[Panel]) -> list[tuple[Words, int, str]]:
    """What the lines and dots of some panels are called, each once, with its colour and how it is drawn: ``line``, ``dashed``, ``dots``."""
    found: dict[Words, tuple[Words, int, str]] = {}
    for panel in panels:
        for mark in panel.marks:
            if isinstance(mark, Line | Dots) and mark.label:
                kind = "dots" if isinstance(mark, Dots) else "dashed" if mark.dashed else "line"
                found.setdefault(mark.label, (mark.label, mark.colour, kind))
    return list(found.values())


def standalone(figure: Figure, language: Language) -> str:
    """A whole figure as a file of its own: its panels, its legend, its title and text alternative, and the style of its classes."""
    style = in_plain_colours(stylesheet("figures")) + ".figure-title { font-size: 15px; font-weight: 600; }"
    columns = min(3, len(figure.panels))
    rows = math.ceil(len(figure.panels) / columns)
    entries = legend(figure.panels)
    lines = _legend_lines(entries, language, columns * WIDTH - 24)
    width, height = columns * WIDTH, 34 + rows * HEIGHT + 18 * len(lines) + 10
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
        },
    )
    svg.set("class", "panel")
    svg.set("aria-labelledby", f"{figure.name}-title {figure.name}-alt")
    ElementTree.SubElement(svg, "title", {"id": f"{figure.name}-title"}).text = said(figure.title, language)
    ElementTree.SubElement(svg, "desc", {"id": f"{figure.name}-alt"}).text = said(figure.alt, language)
    ElementTree.SubElement(svg, "style").text = style
    ElementTree.SubElement(svg, "rect", {"class": "paper", "width": str(width), "height": str(height)})
    _label(svg, 12, 22, said(figure.title, language), "figure-title")
    for index, panel in enumerate(figure.panels):
        drawn = panel_element(panel, language, f"{figure.name}-{index}")
        drawn.attrib |= {
            "x": str(index % columns * WIDTH),
            "y": str(34 + index // columns * HEIGHT),
            "width": str(WIDTH),
            "height": str(HEIGHT),
        }
        svg.append(drawn)
    for row, line in enumerate(lines):
        _draw_legend(svg, line, language, 34 + rows * HEIGHT + 18 * row + 8)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def _legend_lines(entries: list[tuple[Words, int, str]], language: Language, width: int) -> list[list[tuple[Words, int, str]]]:
    lines: list[list[tuple[Words, int, str]]] = []
    used = width + 1.0
    for entry in entries:
        needed = _legend_width(entry[0], language)
        if used + needed > width:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += needed
    return lines


def _legend_width(label: Words, language: Language) -> float:
    return 44 + LETTER * cell_len(said(label, language))


def _draw_legend(svg: Element, line: list[tuple[Words, int, str]], language: Language, y: float) -> None:
    x = 12.0
    for label, colour, kind in line:
        if kind == "dots":
            dot = ElementTree.SubElement(svg, "path", {"class": f"dots c{colour}", "d": f"M{_n(x + 12)} {_n(y)}h.01"})
            dot.set("stroke-width", "7")
        else:
            kinds = f"line c{colour}{' dashed' if kind == 'dashed' else ''}"
            ElementTree.SubElement(svg, "path", {"class": kinds, "d": f"M{_n(x)} {_n(y)}h24"})
        _label(svg, x + 30, y + 4, said(label, language), "legend")
        x += _legend_width(label, language)
