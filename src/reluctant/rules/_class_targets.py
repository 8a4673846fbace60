"""Targets that are classes: one-hot rows, zeros and ones, class indices."""

from __future__ import annotations

import math

from reluctant.recording import Loss, ValueStatistics

INDEX_SLACK = 0.15
"""How far mean and spread of class indices may be from those of equally frequent classes, relative to them.

Counts of events lie farther off: a Poisson count of mean 2 seen from 0 to 8 has half of that mean."""

DIGITS = 4
"""Decimals by which targets are told apart: those of a loss written by hand carry the rounding of a subtraction, or a small number that
keeps a quotient finite."""


def classes_in(loss: Loss) -> str:
    """What the targets of a loss are, if they are classes (``one-hot rows``); empty if they are not, or need not be.

    Zeros and ones over many columns are classes only where each row sums to 1: otherwise they may be an image, a mask or a code.
    """
    targets = loss.targets
    distinct = {round(value, DIGITS) for value in targets.distinct} if targets is not None else set()
    if targets is None or len(distinct) < 2 or any(value != int(value) for value in distinct):
        return ""
    if distinct == {0.0, 1.0}:
        if (loss.classes or 1) >= 2:
            return "one-hot rows" if targets.rows_sum_to_one else ""
        return "zeros and ones"
    return "class indices" if (loss.classes or 1) == 1 and _indices(distinct, targets) else ""


def _indices(distinct: set[float], targets: ValueStatistics) -> bool:
    """Whether the values are 0, 1, …, C−1 about equally often."""
    count = len(distinct)
    if count < 3 or distinct != {float(index) for index in range(count)}:
        return False
    mean, std = (count - 1) / 2, math.sqrt((count**2 - 1) / 12)
    return abs(targets.mean - mean) <= INDEX_SLACK * mean and abs(targets.std - std) <= INDEX_SLACK * std
