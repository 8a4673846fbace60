"""How much a count proves: exact bounds on a share, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
"""Of every bound stated in a message."""


def rule_of_three(samples: int) -> float:
    """Upper 95 % bound on how often something happens that was not seen on `samples` samples.

    The exact bound is 1 − 0.05^(1/n), which 3/n approximates from above (Hanley & Lippman-Hand, JAMA 1983). 1 for
    no samples.
    """
    return min(1.0, 3.0 / samples) if samples > 0 else 1.0


def clopper_pearson(hits: int, samples: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact two-sided interval for a share of which `hits` of `samples` were seen (Clopper & Pearson, Biometrika 1934).

    Raises `ValueError` where `hits` does not lie between 0 and `samples`.
    """
    if not 0 <= hits <= samples:
        raise ValueError(f"{hits} hits of {samples} samples make no share")
    if samples == 0:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2
    lower = 0.0 if hits == 0 else _solve(lambda share: 1.0 - _binomial_at_most(hits - 1, samples, share), tail)
    upper = 1.0 if hits == samples else _solve(lambda share: -_binomial_at_most(hits, samples, share), -tail)
    return lower, upper


def _binomial_at_most(hits: int, samples: int, share: float) -> float:
    """P(X ≤ hits) for X ~ Binomial(samples, share)."""
    if share <= 0.0 or hits >= samples:
        return 1.0
    if share >= 1.0:
        return 0.0
    log_odds = math.log(share) - math.log1p(-share)
    term = samples * math.log1p(-share)
    total = math.exp(term)
    for k in range(1, hits + 1):
        term += math.log(samples - k + 1) - math.log(k) + log_odds
        total += math.exp(term)
    return min(1.0, total)


def _solve(increasing: Callable[[float], float], target: float) -> float:
    """The share between 0 and 1 at which an increasing function reaches `target`, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if increasing(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2
