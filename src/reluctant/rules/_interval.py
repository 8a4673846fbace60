"""An interval of reachable values, and what common functions make of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Function = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """The values that something can take, whatever the weights are."""

    lower: float = -math.inf
    upper: float = math.inf

    @property
    def width(self) -> float:
        """Distance between the ends; infinite where one of them is."""
        return self.upper - self.lower

    @property
    def bounded_below(self) -> bool:
        """Whether values cannot fall without limit."""
        return self.lower > -math.inf

    @property
    def bounded_above(self) -> bool:
        """Whether values cannot grow without limit."""
        return self.upper < math.inf

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return self.bounded_below and self.bounded_above

    def __str__(self) -> str:
        low = f"[{self.lower:.3g}" if self.bounded_below else "(−∞"
        high = f"{self.upper:.3g}]" if self.bounded_above else "∞)"
        return f"{low}, {high}"


EVERYWHERE = Interval()


def hull(*intervals: Interval) -> Interval:
    """The smallest interval that holds all of `intervals`; everything where there are none."""
    if not intervals:
        return EVERYWHERE
    return Interval(min(one.lower for one in intervals), max(one.upper for one in intervals))


def add(one: Interval, other: Interval, sign: float = 1.0) -> Interval:
    """The values of ``x + sign * y``."""
    scaled = affine(other, sign, 0.0)
    return Interval(one.lower + scaled.lower, one.upper + scaled.upper)


def affine(interval: Interval, scale: float, offset: float) -> Interval:
    """The values of ``scale * x + offset``."""
    if scale == 0.0:
        return Interval(offset, offset)
    ends = (scale * interval.lower + offset, scale * interval.upper + offset)
    return Interval(min(ends), max(ends))


def multiply(one: Interval, other: Interval) -> Interval:
    """The values of ``x * y``, x and y being chosen freely."""
    ends = [_times(x, y) for x in (one.lower, one.upper) for y in (other.lower, other.upper)]
    return Interval(min(ends), max(ends))


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def increasing(function: Function, interval: Interval) -> Interval:
    """The values of an increasing `function`, which must accept the infinite ends."""
    return Interval(function(interval.lower), function(interval.upper))


def clip(interval: Interval, lower: float, upper: float) -> Interval:
    """The values of ``min(max(x, lower), upper)``."""
    return Interval(min(max(interval.lower, lower), upper), min(max(interval.upper, lower), upper))


def square(interval: Interval) -> Interval:
    """The values of an even function that grows with |x|, such as x² or |x| up to its scale; ends squared."""
    low, high = interval.lower**2, interval.upper**2
    return Interval(0.0 if interval.lower <= 0.0 <= interval.upper else min(low, high), max(low, high))


def sigmoid(x: float) -> float:
    """1 / (1 + e^−x), without overflow."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= -700.0 else 0.0


def softplus(x: float) -> float:
    """ln(1 + e^x), without overflow: also the loss of one logit that is x on the wrong side."""
    return x if x > 700.0 else math.log1p(math.exp(x))


def exp(x: float) -> float:
    """e^x, infinite where it overflows."""
    return math.inf if x > 700.0 else math.exp(x)


def log(x: float) -> float:
    """Natural logarithm of x; −∞ at and below 0."""
    return math.log(x) if x > 0.0 else -math.inf
