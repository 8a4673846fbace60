"""Intervals hold what they promise, and numbers are written as they are read."""

from __future__ import annotations

import random
import statistics

import pytest

from reluctant.explain._spread import CONFIDENCE, compared, interval, over_seeds, spread
from reluctant.numbers import percentage, short


@pytest.mark.parametrize("count", [6, 8, 10, 12, 16, 21])
def test_the_interval_holds_the_median_as_often_as_promised(count):
    draws = random.Random(0)
    for distribution in (lambda: draws.gauss(0, 1), lambda: draws.expovariate(1) - 0.6931471805599453):
        spreads = [spread([distribution() for _ in range(count)]) for _ in range(2000)]
        held = sum(found.low <= 0 <= found.high for found in spreads) / len(spreads)
        assert held > CONFIDENCE - 0.015


def test_few_numbers_give_their_extremes():
    found = spread([3.0, 1.0, 2.0])
    assert (found.median, found.low, found.high, found.least, found.largest, found.count) == (2.0, 1.0, 3.0, 1.0, 3.0, 3)


def test_many_numbers_leave_out_the_extremes():
    found = spread([float(number) for number in range(1, 13)])
    assert (found.low, found.high) == (3.0, 10.0)  # 2 P(B < 3) = 0.039, B binomial (12, ½)
    assert found.median == statistics.median(range(1, 13))


@pytest.mark.parametrize(("numbers", "sign"), [([1.0] * 6, 1), ([-1.0] * 6, -1), ([-1.0, 1.0] * 6, 0), ([0.0] * 6, 0)])
def test_a_sign_is_sure_where_the_whole_interval_has_it(numbers, sign):
    assert spread(numbers).sure_sign == sign


@pytest.mark.parametrize(("wins", "losses", "answer"), [(6, 0, 1), (5, 0, 0), (0, 6, -1), (9, 1, 1), (8, 2, 0), (0, 0, 0)])
def test_successes_are_compared_by_the_sign_test(wins, losses, answer):
    ours = [True] * wins + [False] * losses + [True, False]
    theirs = [False] * wins + [True] * losses + [True, False]
    assert compared(ours, theirs) == answer


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (0.41234, "0.412"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-0.5, "−0.500"),
        (3.21e-7, "3.2e−7"),
        (0.00999, "0.00999"),
        (0.09999, "0.100"),
        (9.999, "10.0"),
        (999.9, "1,000"),
        (0.0009999, "0.00100"),
        (123456.0, "120,000"),
    ],
)
def test_three_digits_that_count(number, text):
    assert short(number) == text


def test_only_all_is_all():
    assert (percentage(1.0), percentage(0.99999), percentage(0.0), percentage(0.00001)) == ("100 %", ">99.9 %", "0 %", "0.00100 %")


def test_words_for_numbers():
    assert interval(spread([0.5] * 6)) == "0.500 (0.500 … 0.500)"
    assert (over_seeds(8, 3).en, over_seeds(1, 3).en) == ("seeds 3 to 10", "seed 3")
