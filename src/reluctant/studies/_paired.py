"""The difference between two arms of a study, paired by seed, with its interval and what it shows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reluctant.recording import Goal

LEVEL = 0.05
"""Chance of "better" or "worse" where there is no difference, at most, over all comparisons of one study."""

FEWEST_PAIRS = 3
"""Fewer pairs show nothing. With two, runs that either learn or do not would raise a false alarm in one study of eight."""

LITTLE = 0.01
"""Share of the level at which nothing is learned that is added to losses before their ratio is taken."""

Answer = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of losses, treated less untreated, one for each seed. Below 0 is better, unless its goal is more."""

    differences: tuple[float, ...]
    goal: Goal = "min"
    """Where it is ``max``, more is better, and a difference above 0."""
    ratios: tuple[float, ...] = ()
    """Logarithms of treated over untreated, where these are compared; empty where the differences themselves are."""
    base: float = 0.0
    """The typical untreated loss, of which the ratios are: their geometric mean."""

    @property
    def mean(self) -> float | None:
        """Mean difference, or the difference that the mean ratio makes at the typical untreated loss; None without pairs."""
        return self._in_losses(statistics.fmean(self._scores)) if self.differences else None

    @property
    def p_value(self) -> float:
        """Chance of a mean at least as far from 0 where treated and untreated are alike: the paired t-test, two-sided.

        If they are alike, exchanging the two of a pair changes nothing, so a difference is as often above 0 as below, by as much.
        For such differences the t-test holds its level or stays below it where tails are heavy (Efron 1969, "Student's t-test under
        symmetry conditions"). 1 with fewer than `FEWEST_PAIRS`, and where all differences are 0.
        """
        if len(self.differences) < FEWEST_PAIRS or not any(self._scores):
            return 1.0
        error = self._standard_error()
        if error == 0.0:
            return 0.0
        from scipy.special import stdtr  # on use: what only reads a study's data need not wait for it

        return float(2 * stdtr(len(self.differences) - 1, -abs(statistics.fmean(self._scores)) / error))

    def interval(self, level: float = LEVEL) -> tuple[float, float] | None:
        """The ends of the interval that leaves out the mean difference with probability `level`; None with too few pairs.

        It holds 0 exactly where `p_value` is above `level`.
        """
        if len(self.differences) < FEWEST_PAIRS:
            return None
        centre = statistics.fmean(self._scores)
        reach = quantile(len(self.differences), level) * self._standard_error()
        return self._in_losses(centre - reach), self._in_losses(centre + reach)

    def answer(self, level: float = LEVEL) -> Answer:
        """What the differences show at this level."""
        if self.p_value > level:
            return "no difference shown"
        return "better" if (statistics.fmean(self._scores) < 0) == (self.goal == "min") else "worse"

    @property
    def _scores(self) -> tuple[float, ...]:
        return self.ratios or self.differences

    def _in_losses(self, score: float) -> float:
        return self.base * math.expm1(score) if self.ratios else score

    def _standard_error(self) -> float:
        spread = statistics.stdev(self._scores)
        # Equal differences must come out as having no spread, not as one of rounding.
        if spread <= 1e-12 * max(map(abs, self._scores)):
            return 0.0
        return spread / math.sqrt(len(self.differences))


def paired(treated: Sequence[float], untreated: Sequence[float], ceiling: float) -> Paired:
    """The differences of losses on the same seeds, each loss taken as `ceiling` where it is above it or not a number.

    How far above a bound a loss went says nothing about learning, but it would drown all other pairs. The bound must follow from both arms
    alike (see `starting_level`): then what is bounded has the same chances on both sides, and the level of the test holds.

    Losses that are never below 0 are compared by their ratio: they fall by factors, and those of a sick network spread over orders of
    magnitude, where a mean difference is that of the one run that learned least. What is below a hundredth of the bound counts as little:
    that much is added to each. Exchanging treated and untreated turns a ratio's logarithm around as it does a difference.

    Raises `ValueError` where the two are not of one length.
    """
    pairs = [(bounded(ours, ceiling), bounded(theirs, ceiling)) for ours, theirs in zip(treated, untreated, strict=True)]
    differences = tuple(ours - theirs for ours, theirs in pairs)
    if not pairs or not 0 < ceiling < math.inf or any(loss < 0 for pair in pairs for loss in pair):
        return Paired(differences)
    little = LITTLE * ceiling
    logarithms = [(math.log(ours + little), math.log(theirs + little)) for ours, theirs in pairs]
    base = math.exp(statistics.fmean(theirs for _, theirs in logarithms))
    return Paired(differences, ratios=tuple(ours - theirs for ours, theirs in logarithms), base=base)


def bounded(loss: float, ceiling: float) -> float:
    """The loss, or `ceiling` where it is above it or not a number."""
    return loss if loss <= ceiling else ceiling  # a comparison with NaN is False


def quantile(numbers: int, level: float = LEVEL) -> float:
    """How many standard errors the interval for the mean of so many numbers reaches to each side (Student's t)."""
    from scipy.special import stdtrit

    return float(stdtrit(numbers - 1, 1 - level / 2))


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> tuple[float, ...]:
    """The level at which Holm's procedure tests each of several p-values, so that all together raise a false alarm with at most `level`.

    The smallest of m is tested at level/m, the next at level/(m-1), and so on; the first that fails ends it, and all after it are held to
    the same level (Holm 1979, "A simple sequentially rejective multiple test procedure").
    """
    levels = [0.0] * len(p_values)
    remaining, failed = len(p_values), False
    for index in sorted(range(len(p_values)), key=p_values.__getitem__):
        levels[index] = level / remaining
        failed = failed or p_values[index] > levels[index]
        remaining -= not failed
    return tuple(levels)
