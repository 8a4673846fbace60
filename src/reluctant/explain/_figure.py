"""Figures as data: what is drawn, without how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._text import Words

TINY = 1e-300

NEUTRAL = 0
"""The colour of what is no series: targets, floors, frames."""

COLOURS = {
    "relu": 1, "sigmoid": 2, "tanh": 3, "elu": 4, "leaky_relu": 5, "prelu": 6, "gelu": 7, "identity": 8,
}  # fmt: skip
"""One colour for each activation, in every figure."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a panel and the stretch of it that is drawn."""

    label: Words
    low: float
    high: float
    log: bool = False
    ticks: tuple[tuple[float, Words], ...] = ()
    """Where to write what; empty for numbers at round places."""

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at its low end, 1 at its high one. On a logarithmic one 0 lies far outside."""
        if self.log:
            return math.log(max(value, TINY) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve through points; None is a gap."""

    label: Words
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    colour: int
    dashed: bool = False
    slopes: tuple[float, ...] = ()
    """The slope at each point, where it is to be read from the curve."""


@dataclass(frozen=True, slots=True)
class Band:
    """The stretch between a lower and an upper curve."""

    xs: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    colour: int


@dataclass(frozen=True, slots=True)
class Dots:
    """Single points."""

    label: Words
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int
    size: float = 4.0
    """Diameter, in the units of a panel 400 wide."""


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Level strokes from `low` to `high` at each y: the spread of what a dot stands for."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    ys: tuple[float, ...]
    colour: int


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture of cells that fills the panel: a row of digits for each row, the topmost first.

    In a `field` 0 to 9 lead from sure of the first class to sure of the second; in a map of `life` 1 is a unit that passes
    gradient and 0 one that does not.
    """

    rows: tuple[str, ...]
    scheme: Literal["field", "life"]


@dataclass(frozen=True, slots=True)
class Guide:
    """A straight line across the panel at one value of an axis, with a word to it."""

    at: float
    label: Words
    vertical: bool = False
    label_at: Literal["start", "end"] = "end"
    """Where along a level line its word stands."""


Mark = Line | Band | Dots | Whiskers | Cells | Guide


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes and what is drawn in it, the lowest first."""

    title: Words
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Slider:
    """Something a reader may change, from a list of settings that were all measured."""

    label: Words
    positions: tuple[Words, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What a figure shows with its sliders in one position."""

    readout: Words
    """The numbers of this position in a sentence."""
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels beside each other. With sliders it holds a frame for each position, and `panels` are those of the start."""

    name: str
    """Of its file: ``gradient-by-layer``."""
    title: Words
    alt: Words
    """What is to be seen, for who does not see it: the shape in words, with its numbers."""
    panels: tuple[Panel, ...]
    sliders: tuple[Slider, ...] = ()
    frames: tuple[Frame, ...] = ()
    """For every position of the sliders, the last slider moving fastest."""

    @property
    def start(self) -> int:
        """Index of the frame at which the sliders start."""
        index = 0
        for slider in self.sliders:
            index = index * len(slider.positions) + slider.start
        return index


def explorer(name: str, title: Words, alt: Words, sliders: Sequence[Slider], frames: Sequence[Frame]) -> Figure:
    """A figure that follows its sliders; there must be a frame for each of their positions."""
    expected = math.prod(len(slider.positions) for slider in sliders)
    if len(frames) != expected:
        raise ValueError(f"the figure {name} has {len(frames)} frames for {expected} positions of its sliders")
    moved = Figure(name, title, alt, (), tuple(sliders), tuple(frames))
    return Figure(name, title, alt, frames[moved.start].panels, moved.sliders, moved.frames)
