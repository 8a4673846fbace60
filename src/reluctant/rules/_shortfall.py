"""Targets and labels that a bounded output cannot reach, and the loss that this costs at the least."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reluctant.recording import ValueStatistics

from ._value_range import ValueRange, softplus

HARMFUL_VARIANCE_SHARE = 0.02
"""Of the targets' variance: R² cannot exceed 0.98. Less is lost in ordinary noise (a few outliers beyond a min-max scaling)."""

PIECES = 16
"""Points at which each stretch between two quantiles is looked at."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """How far targets lie outside an interval."""

    outside_share: float
    """Share of targets outside; 0 where only the mean proves a floor and the share is not known."""
    mean: float
    """E[d], d being a target's distance to the interval."""
    mean_square: float
    """E[d²]: the squared error cannot fall below it."""
    variance_share: float
    """`mean_square` as a share of the targets' variance: 1 − R² cannot fall below it. Infinite for a constant target outside."""


def shortfall(targets: ValueStatistics, reachable: ValueRange) -> Shortfall:
    """What of `targets` lies outside `reachable`: from their quantiles, else by Jensen's inequality from their mean."""
    slack = 1e-6 * max(1.0, abs(targets.minimum), abs(targets.maximum))
    if reachable.lower - slack <= targets.minimum and targets.maximum <= reachable.upper + slack:
        return Shortfall(0.0, 0.0, 0.0, 0.0)
    if len(targets.quantiles) < 2:
        distance = _distance(targets.mean, reachable)
        return _shortfall(_certain_share(targets, reachable), [distance], targets)
    distances = [_distance(value, reachable) for value in _spread(targets.quantiles)]
    outside = sum(distance > slack for distance in distances) / len(distances)
    return _shortfall(outside, distances, targets)


def label_floors(scores: ValueRange, labels: ValueStatistics | None) -> tuple[float, float]:
    """Least binary cross-entropy of an entry labelled 1 and of one labelled 0 when logits lie within `scores`.

    0 for a label that was not seen. The negative label may be 0 or −1.
    """
    positive = softplus(-scores.upper) if scores.bounded_above and (labels is None or labels.maximum > 0.5) else 0.0
    negative = softplus(scores.lower) if scores.bounded_below and (labels is None or labels.minimum < 0.5) else 0.0
    return positive, negative


def _shortfall(outside_share: float, distances: Sequence[float], targets: ValueStatistics) -> Shortfall:
    mean = math.fsum(distances) / len(distances)
    mean_square = math.fsum(distance**2 for distance in distances) / len(distances)
    variance = targets.std**2
    share = mean_square / variance if variance > 0.0 else (math.inf if mean_square > 0.0 else 0.0)
    return Shortfall(outside_share, mean, mean_square, share)


def _certain_share(targets: ValueStatistics, reachable: ValueRange) -> float:
    """The share outside as far as it is known without quantiles."""
    if targets.minimum > reachable.upper or targets.maximum < reachable.lower:
        return 1.0
    below = targets.below_zero_share if reachable.lower == 0.0 else 0.0
    return below + (targets.above_one_share if reachable.upper == 1.0 else 0.0)


def _distance(value: float, reachable: ValueRange) -> float:
    return max(reachable.lower - value, value - reachable.upper, 0.0)


def _spread(quantiles: tuple[float, ...]) -> Iterator[float]:
    """Values spread as the quantiles say, evenly between two of them."""
    for low, high in itertools.pairwise(quantiles):
        yield from (low + (high - low) * (piece + 0.5) / PIECES for piece in range(PIECES))
