"""Things in a row, joined by plain strokes."""

from __future__ import annotations

from collections.abc import Sequence

from ._drawing import Drawing
from ._svg import LETTER, WIDTH, box, canvas, coordinate, label, path

TALL, GAP, LINE = 40, 26, 62
MOST = 9


def chain(title: str, alt: str, boxes: Sequence[tuple[str, str]], sum_up: str) -> Drawing:
    """Boxes (a name, and a word below it) joined in order, over as many lines as they take; `sum_up` stands below."""
    shown = list(boxes) if len(boxes) <= MOST else [*boxes[: MOST - 2], (f"… {len(boxes) - MOST + 1} more", ""), boxes[-1]]
    places: list[tuple[float, float, float]] = []
    x, y = 1.0, 8.0
    for name, word in shown:
        width = min(WIDTH - 2.0, 22 + LETTER * 1.12 * max(len(name), len(word)))
        if x + width > WIDTH - 1:
            x, y = 1.0, y + LINE
        places.append((x, y, width))
        x += width + GAP
    svg = canvas(y + LINE + 14, f"{title}. {alt}")
    for index, ((name, word), (x, top, width)) in enumerate(zip(shown, places, strict=True)):
        if index:
            before, line, room = places[index - 1]
            if line == top:
                path(svg, "line c2", f"M{coordinate(before + room)} {coordinate(top + TALL / 2)}H{coordinate(x)}")
            else:
                bottom, turn = line + TALL, line + TALL + (LINE - TALL) / 2
                start = f"M{coordinate(before + room / 2)} {coordinate(bottom)}"
                path(svg, "line c2", f"{start}V{coordinate(turn)}H{coordinate(x + 14)}V{coordinate(top)}")
        path(svg, "chain", box(x, top, width, TALL))
        label(svg, x + width / 2, top + (17 if word else 24), name, "mark-label", "middle", width)
        label(svg, x + width / 2, top + 32, word, "tick", "middle", width)
    label(svg, 1, y + TALL + 26, sum_up, "panel-title")
    return Drawing(title, alt, svg)
