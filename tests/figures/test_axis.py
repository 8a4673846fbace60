"""Where values stand on an axis, and which are written beside it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.figures import Axis, time_axis

NUMBERS = st.floats(min_value=-1e12, max_value=1e12)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 720), ["0", "200", "400", "600"]),
        (Axis("", 0, 0.9), ["0", "0.2", "0.4", "0.6", "0.8"]),
        (Axis("", -1, 1), ["−1.0", "−0.5", "0", "0.5", "1.0"]),
        (Axis("", 2.3, 2.45), ["2.30", "2.35", "2.40", "2.45"]),
        (Axis("", 1e-6, 1e-2, "log"), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01"]),
        (Axis("", 0, 719, "log1p"), ["0", "1", "10", "100"]),
        (Axis("", -4000, 4000, "symlog"), ["−1,000", "−10", "0", "10", "1,000"]),
        (Axis("", -0.13, 3, "symlog", unit=0.01), ["−0.1", "0", "0.1"]),
        (Axis("", 0.58, 76, "log"), ["1", "10"]),
        (Axis("", 1e-4, 10, "log"), ["10⁻⁴", "0.01", "1"]),
        (Axis("", 2.0, 2.2, "log"), ["2.00", "2.05", "2.10", "2.15", "2.20"]),
    ],
)
def test_round_values_are_written(axis: Axis, ticks: list[str]) -> None:
    assert [text for _, text in axis.ticks(5)] == ticks


@pytest.mark.parametrize("kind", ["linear", "log", "log1p", "symlog"])
@given(st.tuples(NUMBERS, NUMBERS), st.integers(2, 8))
def test_ticks_lie_within_rise_and_are_not_too_many(kind, ends: tuple[float, float], most: int) -> None:
    low, high = sorted(ends)
    if kind in ("log", "log1p"):
        low, high = abs(low) + (1e-6 if kind == "log" else 0), abs(low) + high - low + 1
    if high - low < 1e-6 * max(abs(low), abs(high), 1e-3):
        return
    axis = Axis("", low, high, kind)
    ticks = axis.ticks(most)
    values = [value for value, _ in ticks]
    slack = 1e-6 * (high - low)
    assert values == sorted(values)
    assert all(low - slack <= value <= high + slack for value in values)
    assert len({text for _, text in ticks}) == len(ticks) <= most + 1


@given(NUMBERS, NUMBERS, NUMBERS)
def test_larger_values_are_further_and_those_within_are_between_the_ends(low: float, first: float, second: float) -> None:
    axis = Axis("", low, low + 1e6)
    small, large = sorted((first, second))
    assert axis.share(small) <= axis.share(large)
    assert all((0 <= axis.share(value) <= 1) == (axis.low <= value <= axis.high) for value in (small, large))


def test_nothing_lies_far_outside_a_logarithmic_axis() -> None:
    axis = Axis("", 0.01, 100, "log")
    assert (axis.share(0.01), axis.share(1), axis.share(100)) == pytest.approx((0, 0.5, 1))
    assert axis.share(0.0) < -10


def test_an_axis_writes_its_own_names() -> None:
    assert Axis("", 0, 2, names=((1.0, "one"),)).ticks(5) == ((1.0, "one"),)


def test_a_logarithm_gives_equal_factors_equal_room() -> None:
    axis = Axis("", 1, 100, "log")
    assert [round(axis.share(value), 3) for value in (1, 10, 100)] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("steps", "early", "kind"), [(720, 41, "log1p"), (720, 100, "linear"), (720, None, "linear"), (40, 1, "linear"), (0, None, "linear")]
)
def test_time_is_logarithmic_where_something_began_early_in_a_long_run(steps: int, early: int | None, kind: str) -> None:
    axis = time_axis(steps, early)
    assert axis.scale == kind
    assert (axis.share(0), axis.share(max(steps - 1, 1))) == (0, 1)


@pytest.mark.parametrize("axis", [Axis("", 0, math.inf), Axis("", 1, 1)])
def test_an_axis_without_a_length_has_no_ticks(axis: Axis) -> None:
    assert axis.ticks(5) == ()
