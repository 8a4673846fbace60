"""The shape of a curve, found from its formula: where it bends, how far it reaches, where it is flat."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from reluctant.numbers import constant

from ._arithmetic import Arithmetic, Floats, floats
from ._evaluate import limit

FLAT_SLOPE = 0.05
"""A curve is flat where its slope is below this share of its largest slope."""

ROUNDING = 1e-12
"""Slopes and values that differ relatively by less are taken for the same."""

POINT = 1e-9
"""A stretch shorter than this is a point: the subgradient at a kink makes no region."""

Formula = Callable[[Arithmetic, float], float]
Side = Literal["below", "above", "both", "none"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of the real line; its ends may be ±∞."""

    start: float
    end: float

    def __contains__(self, x: float) -> bool:
        return self.start <= x <= self.end

    def __str__(self) -> str:
        """As a condition on x: ``x < -3``, ``-1 < x < 1``."""
        if math.isinf(self.start):
            return f"x < {constant(self.end)}" if math.isfinite(self.end) else "every x"
        return f"x > {constant(self.start)}" if math.isinf(self.end) else f"{constant(self.start)} < x < {constant(self.end)}"


@dataclass(frozen=True, slots=True)
class Range:
    """The values a function takes: its bounds, and whether it reaches them or only comes near."""

    lower: float
    upper: float
    lower_attained: bool
    upper_attained: bool

    @property
    def bounded(self) -> bool:
        """Whether both bounds are finite."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    def __str__(self) -> str:
        """As an interval, square where the bound is attained: ``[0, ∞)``."""
        opening, closing = "[" if self.lower_attained else "(", "]" if self.upper_attained else ")"
        return f"{opening}{constant(self.lower)}, {constant(self.upper)}{closing}"


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where the slope jumps."""

    x: float
    slope_below: float
    slope_above: float
    subgradient: float
    """The slope used at the point itself, which is torch's."""


@dataclass(frozen=True, slots=True)
class SampledFormula:
    """A formula with its derivative, and the points at which they are looked at."""

    forward: Formula
    derivative: Formula
    breakpoints: tuple[float, ...]
    """Where a formula goes over from one branch to another."""
    points: tuple[float, ...]
    """Close together near 0 and near the breakpoints, wide apart far out; on both sides of each breakpoint."""

    @property
    def bends(self) -> tuple[float, ...]:
        """The breakpoints and 0, around which the smooth ones bend."""
        return tuple(sorted({0.0, *self.breakpoints}))

    def f(self, x: float) -> float:
        """The value at x."""
        return self.forward(floats, x)

    def slope(self, x: float) -> float:
        """The slope at x."""
        return self.derivative(floats, x)


def sampled(forward: Formula, derivative: Formula, written: Iterable[float] = ()) -> SampledFormula:
    """The curve of a formula and its derivative; `written` are the numbers that may be breakpoints to the last digit."""
    found = sorted(_plain(x, written) for formula in (forward, derivative) for x in _breakpoints(formula))
    anchors = tuple(x for before, x in pairwise([-math.inf, *found]) if x - before > 16 * math.ulp(x))
    points = {0.0, *(step / 20 for step in range(-200, 201))}
    for anchor in {0.0, *anchors}:
        points.update([anchor, *beside(anchor)])
        points.update(anchor + side * 10.0 ** (power / 8) for power in range(-48, 49) for side in (-1, 1))
    return SampledFormula(forward, derivative, anchors, tuple(sorted(points)))


def beside(x: float) -> tuple[float, float]:
    """The points just below and just above x."""
    step = 8 * math.ulp(x) if x else 1e-300
    return x - step, x + step


class _Branches(Floats):
    """Arithmetic on floats that notes which branch each operation took."""

    def __init__(self) -> None:
        self.taken: list[bool] = []

    def abs(self, x: float) -> float:
        self.taken.append(x > 0)
        return abs(x)

    def minimum(self, a: float, b: float) -> float:
        self.taken.append(a < b)
        return super().minimum(a, b)

    def maximum(self, a: float, b: float) -> float:
        self.taken.append(a > b)
        return super().maximum(a, b)

    def where(self, condition: bool, a: float, b: float) -> float:
        self.taken.append(bool(condition))
        return super().where(condition, a, b)


def _branches(formula: Formula, x: float) -> tuple[bool, ...]:
    m = _Branches()
    formula(m, x)
    return tuple(m.taken)


def _breakpoints(formula: Formula) -> Iterator[float]:
    """The points at which the formula takes another branch, to the last digit of a float."""
    grid = sorted({side * 10.0 ** (power / 4) for power in range(-24, 25) for side in (-1, 1)} | {-1e-300, 0.0, 1e-300})
    for left, right in pairwise(grid):
        while _branches(formula, left) != _branches(formula, right):
            low, high = left, right
            start = _branches(formula, left)
            while low < (middle := (low + high) / 2) < high and high - low > 1e-300:
                low, high = (middle, high) if _branches(formula, middle) == start else (low, middle)
            yield high
            left = high  # there may be another between here and the right end


def _plain(x: float, written: Iterable[float] = ()) -> float:
    """The number that x stands for where a rounding error apart: 0, one that was `written` as a parameter, or a short decimal."""
    if abs(x) <= 1e-300:
        return 0.0
    for candidate in (*written, float(f"{x:.14g}")):
        if abs(candidate - x) <= 4 * math.ulp(x):
            return candidate
    return x


def kinks(c: SampledFormula, largest: float) -> tuple[Kink, ...]:
    """The breakpoints at which the slope differs on the two sides by more than a millionth of the largest slope."""
    found = []
    visible = 1e-6 * min(largest, 1.0) if largest > 0 else math.inf
    for x in c.breakpoints:
        below, above = map(c.slope, beside(x))
        if abs(above - below) > visible:
            found.append(Kink(x, below, above, c.slope(x)))
    return tuple(found)


def largest_slope(c: SampledFormula) -> tuple[float, float]:
    """The largest |f'| and the x at which it is; ±∞ where it is only approached, and ∞ twice where it grows for ever."""
    sizes = [abs(c.slope(x)) for x in c.points]
    top = max(range(len(sizes)), key=lambda i: (sizes[i], -abs(c.points[i])))
    at, size = c.points[top], sizes[top]
    if 0 < top < len(sizes) - 1 and not _is_beside(c.points[top], c.breakpoints):
        at = _highest(lambda x: abs(c.slope(x)), c.points[top - 1], c.points[top + 1], at)
        size = abs(c.slope(at))
    for side in (-1.0, 1.0):
        far = abs(limit(c.derivative, side))
        if far > size * (1 + ROUNDING):
            at, size = side * math.inf, far
    near = min(c.breakpoints, key=lambda x: abs(x - at), default=math.inf)
    return size, near if _is_beside(at, (near,)) else at


def _is_beside(x: float, breakpoints: tuple[float, ...]) -> bool:
    return any(x in beside(breakpoint) for breakpoint in breakpoints)


def _highest(function: Callable[[float], float], left: float, right: float, at: float) -> float:
    """The x of the highest value of a function with one peak between left and right, by golden section; `at` where no other is higher."""
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = right - ratio * (right - left), left + ratio * (right - left)
        left, right = (left, b) if function(a) >= function(b) else (a, right)
    best = (left + right) / 2
    return best if function(best) > function(at) else at


def value_range(c: SampledFormula) -> Range:
    """The bounds of f, and whether they are attained: at a breakpoint or where the slope passes through 0, but not in the limit."""
    sloping = [x for x in c.points if c.slope(x) != 0]
    turning = [_edge(lambda x: c.slope(x) < 0, a, b) for a, b in pairwise(sloping) if (c.slope(a) < 0) != (c.slope(b) < 0)]
    reached = [c.f(x) for x in (*c.breakpoints, *turning)]
    limits = [limit(c.forward, -1.0), limit(c.forward, 1.0)]
    lower, upper = min(*reached, *limits), max(*reached, *limits)
    return Range(
        lower,
        upper,
        lower_attained=any(y <= lower + ROUNDING * (1 + abs(lower)) for y in reached),
        upper_attained=any(y >= upper - ROUNDING * (1 + abs(upper)) for y in reached),
    )


def _edge(holds: Callable[[float], bool], left: float, right: float) -> float:
    """Where a condition changes between left and right."""
    at_left = holds(left)
    while left < (middle := (left + right) / 2) < right and right - left > 1e-300:
        left, right = (middle, right) if holds(middle) == at_left else (left, middle)
    return _plain(right)


def flat_regions(c: SampledFormula, largest: float) -> tuple[Interval, ...]:
    """Where |f'| is below `FLAT_SLOPE` of the largest slope; where that is infinite, or 0, only where the slope is 0."""

    def flat(x: float) -> bool:
        return c.slope(x) == 0 or abs(c.slope(x)) < FLAT_SLOPE * largest < math.inf

    edges = [-math.inf] if flat(c.points[0]) else []
    edges += [_edge(flat, a, b) for a, b in pairwise(c.points) if flat(a) != flat(b)]
    edges += [math.inf] if flat(c.points[-1]) else []
    regions: list[Interval] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if regions and start - regions[-1].end < POINT:
            regions[-1] = Interval(regions[-1].start, end)
        elif end - start > POINT:
            regions.append(Interval(start, end))
    return tuple(regions)


def dead_regions(c: SampledFormula) -> tuple[Interval, ...]:
    """The half-lines on which the slope is exactly 0: below the first breakpoint, above the last, or both.

    A slope that only comes near 0, and underflows far out, is not dead: it must be 0 right from the breakpoint on.
    """
    if not c.breakpoints:
        return ()
    first, last = c.breakpoints[0], c.breakpoints[-1]
    distances = (1e-6, 1e-3, 0.1, 1.0, 5.0)
    below = all(c.slope(first - distance) == 0 for distance in distances)
    above = all(c.slope(last + distance) == 0 for distance in distances)
    return tuple([Interval(-math.inf, first)] * below + [Interval(last, math.inf)] * above)


def dead_side(regions: tuple[Interval, ...]) -> Side:
    """On which side the slope is exactly 0."""
    below = any(region.start == -math.inf for region in regions)
    above = any(region.end == math.inf for region in regions)
    return "both" if below and above else "below" if below else "above" if above else "none"


def is_monotone(c: SampledFormula, largest: float) -> bool:
    """Whether f never falls, or never rises."""
    slack = ROUNDING * min(largest, 1.0)
    slopes = [c.slope(x) for x in c.points]
    return all(s >= -slack for s in slopes) or all(s <= slack for s in slopes)


def is_straight(c: SampledFormula) -> bool:
    """Whether f is one straight line: the same slope everywhere and no jump."""
    first = c.slope(c.points[0])
    slack = ROUNDING * (1 + abs(first))
    same = all(abs(c.slope(x) - first) <= slack for x in c.points if x not in c.breakpoints)
    return same and all(abs(c.f(a) - c.f(b)) <= slack * (1 + abs(x)) for x in c.breakpoints for a, b in [beside(x)])
