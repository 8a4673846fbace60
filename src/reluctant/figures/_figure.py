"""Figures as data: what is drawn, without how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._axis import Axis
from ._words import Words


@dataclass(frozen=True, slots=True)
class Line:
    """A curve through points; None, NaN and infinities are gaps."""

    label: Words
    xs: Sequence[float]
    ys: Sequence[float | None]
    colour: int = 1
    dashed: bool = False
    slopes: tuple[float, ...] = ()
    """The slope at each point, where it is to be read from the curve."""


@dataclass(frozen=True, slots=True)
class Band:
    """The stretch between a lower and an upper curve."""

    xs: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    colour: int = 1
    label: Words = ""


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
    """A straight line at one value, with a word to it: upright at an x, level at a y."""

    at: float
    label: Words
    upright: bool = True
    until: float | None = None
    """The other end of a stretch, for something that happened between two moments."""
    fault: bool = False
    """Whether something went wrong there."""
    label_at: Literal["start", "end"] = "start"
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
class Setting:
    """What a figure shows with its sliders in one position."""

    readout: Words
    """The numbers of this position in a sentence."""
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels beside each other. With sliders it holds a setting for each position, and `panels` are those of the start."""

    name: str
    """Of its file: ``gradient-by-layer``."""
    title: Words
    alt: Words
    """What is to be seen, for who does not see it: the shape in words, with its numbers."""
    panels: tuple[Panel, ...]
    sliders: tuple[Slider, ...] = ()
    settings: tuple[Setting, ...] = ()
    """For every position of the sliders, the last slider moving fastest."""

    @property
    def start(self) -> int:
        """Index of the setting at which the sliders start."""
        index = 0
        for slider in self.sliders:
            index = index * len(slider.positions) + slider.start
        return index


def explorer(name: str, title: Words, alt: Words, sliders: Sequence[Slider], settings: Sequence[Setting]) -> Figure:
    """A figure that follows its sliders; there must be a setting for each of their positions."""
    expected = math.prod(len(slider.positions) for slider in sliders)
    if len(settings) != expected:
        raise ValueError(f"the figure {name} has {len(settings)} settings for {expected} positions of its sliders")
    moved = Figure(name, title, alt, (), tuple(sliders), tuple(settings))
    return Figure(name, title, alt, settings[moved.start].panels, moved.sliders, moved.settings)
