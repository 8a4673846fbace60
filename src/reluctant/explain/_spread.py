"""Numbers over seeds: their median, an interval for it, and their extremes; and successes of two activations on the same seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from reluctant.numbers import short

from ._text import Text

CONFIDENCE = 0.95
FEWEST = 6
"""Fewer numbers than this give no interval with that confidence, only their extremes."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What the same measurement gave over seeds or rounds."""

    median: float
    low: float
    """Lower end of an interval that holds the median of all such measurements with at least `CONFIDENCE`."""
    high: float
    least: float
    largest: float
    count: int

    @property
    def sure_sign(self) -> int:
        """1 where the whole interval lies above 0, -1 where below, 0 where it holds 0."""
        return (self.low > 0) - (self.high < 0)

    def times(self, factor: float) -> Spread:
        """The same in another unit; the factor is positive."""
        return Spread(self.median * factor, self.low * factor, self.high * factor, self.least * factor, self.largest * factor, self.count)


def spread(numbers: Sequence[float]) -> Spread:
    """The spread of some numbers. The interval's ends are two of them, so that it asks for no form of their distribution.

    Between the k-th smallest and the k-th largest of n lies the true median with probability 1 - 2 P(B < k), B binomial (n, ½); k is the
    largest that reaches `CONFIDENCE`. Fewer than six numbers never do; then the interval is the whole of them.
    """
    ordered = sorted(numbers)
    k = _rank(len(ordered))
    return Spread(statistics.median(ordered), ordered[k - 1], ordered[-k], ordered[0], ordered[-1], len(ordered))


def _rank(count: int) -> int:
    rank, outside = 1, 0.0
    for below in range(count // 2):
        outside += 2 * math.comb(count, below) / 2.0**count
        if outside > 1 - CONFIDENCE:
            break
        rank = below + 1
    return rank


def interval(found: Spread) -> str:
    """The median with its interval: ``0.41 (0.40 … 0.42)``."""
    return f"{short(found.median)} ({short(found.low)} … {short(found.high)})"


def interval_words(count: int) -> Text:
    """What stands in the brackets of `interval` for so many numbers."""
    if count < FEWEST:
        return Text("least and largest", "最小与最大")
    return Text("95 % interval for the median", "中位数的 95 % 区间")


def over_seeds(count: int, first: int) -> Text:
    """Which seeds were used, in words."""
    last = first + count - 1
    return Text(f"seeds {first} to {last}", f"随机种子 {first} 至 {last}") if count > 1 else Text(f"seed {first}", f"随机种子 {first}")


def compared(ours: Sequence[bool], theirs: Sequence[bool]) -> int:
    """1 where ours succeeded more often than chance explains, -1 where theirs did, 0 where no difference is shown.

    The exact sign test, two-sided: of the seeds on which only one of the two succeeded, each had an even chance to be either's.
    """
    wins = sum(own and not other for own, other in zip(ours, theirs, strict=True))
    losses = sum(other and not own for own, other in zip(ours, theirs, strict=True))
    decided = wins + losses
    tail = sum(math.comb(decided, count) for count in range(min(wins, losses) + 1)) / 2**decided
    if 2 * tail > 1 - CONFIDENCE:
        return 0
    return 1 if wins > losses else -1


ANSWERS = {1: Text("better", "更好"), -1: Text("worse", "更差"), 0: Text("no difference shown", "未显示差别")}
