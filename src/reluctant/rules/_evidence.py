"""How much a count proves."""

from __future__ import annotations


def rule_of_three(samples: int) -> float:
    """Upper 95 % bound on how often something happens that was not seen on `samples` samples.

    The exact bound is 1 − 0.05^(1/n), which 3/n approximates from above (Hanley & Lippman-Hand, JAMA 1983). 1 for
    no samples.
    """
    return min(1.0, 3.0 / samples) if samples > 0 else 1.0
