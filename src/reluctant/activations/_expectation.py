"""Expectations of a function of a normal variable, by Gauss-Legendre quadrature between the points where it bends."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from itertools import pairwise

TAIL = 9.0
"""How many standard deviations are integrated: what lies outside weighs 2e-19."""

NODES = 12
"""Nodes of one panel."""


def expectation(function: Callable[[float], float], *, bends: Iterable[float], sigma: float = 1.0, mean: float = 0.0) -> float:
    """E[function(z)] for z ~ N(mean, sigma²).

    `bends` are the points at which the function has a kink or a jump, or bends smoothly: no panel crosses one, and panels grow finer
    towards them, so that a bend that is narrow beside sigma is not stepped over.
    """
    if sigma == 0:
        return function(mean)
    edges = _edges(tuple(bends), sigma, mean)
    total = 0.0
    for left, right in pairwise(edges):
        middle, half = (left + right) / 2, (right - left) / 2
        for node, weight in _nodes_and_weights():
            t = middle + half * node
            total += half * weight * _density(t) * function(mean + sigma * t)
    return total


def _density(t: float) -> float:
    return math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi)


def _edges(bends: tuple[float, ...], sigma: float, mean: float) -> list[float]:
    """Ends of the panels, in standard deviations from the mean."""
    edges = {-TAIL + step for step in range(int(2 * TAIL) + 1)}
    for bend in bends:
        at = (bend - mean) / sigma
        edges.update([at, *(at + side * 4.0**power / sigma for power in range(-2, 6) for side in (-1, 1))])
    return sorted(edge for edge in edges if -TAIL <= edge <= TAIL)


@functools.cache
def _nodes_and_weights() -> tuple[tuple[float, float], ...]:
    """Nodes and weights on [-1, 1]: the roots of the Legendre polynomial of degree NODES, by Newton's method."""
    found = []
    for index in range(NODES):
        x = math.cos(math.pi * (index + 0.75) / (NODES + 0.5))
        for _ in range(100):
            value, slope = _legendre(x)
            x -= value / slope
            if abs(value / slope) < 1e-15:
                break
        slope = _legendre(x)[1]
        found.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(found)


def _legendre(x: float) -> tuple[float, float]:
    """The Legendre polynomial of degree NODES and its derivative at x."""
    before, value = 1.0, x
    for degree in range(2, NODES + 1):
        before, value = value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
    return value, NODES * (x * value - before) / (x * x - 1.0)
