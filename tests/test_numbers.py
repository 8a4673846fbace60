"""Numbers as they are shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.numbers import (
    constant,
    exact,
    fine_percent,
    interval,
    magnitude,
    memory,
    percent,
    plural,
    result,
    share,
    size,
    value,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.004, "<1 %"), (0.9999, ">99 %"), (0.5, "50 %"), (0.01, "1 %"), (None, "–"), (math.nan, "–")],
)
def test_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


@given(st.floats(0, 1))
def test_only_none_is_0_percent_and_only_all_is_100_percent(share: float) -> None:
    assert (percent(share) == "0 %") == (share == 0)
    assert (percent(share) == "100 %") == (share == 1)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.032, "3.2e-2"), (0.0, "0"), (1.0, "1.0e0"), (1e-30, "1.0e-30"), (math.nan, "nan"), (-math.inf, "-inf"), (None, "–")],
)
def test_magnitude(number: float | None, text: str) -> None:
    assert magnitude(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(48640, "48,640"), (3.0, "3"), (2.30259, "2.303"), (0.00012345, "0.0001234"), (1e-7, "1.0e-7"), (math.inf, "inf"), (-0.5, "-0.5")],
)
def test_value(number: float, text: str) -> None:
    assert value(number) == text


@pytest.mark.parametrize(("share", "text"), [(0.0112, "1.1 %"), (0.00046, "0.046 %"), (0.0, "0 %"), (0.16, "16 %"), (1.0, "100 %")])
def test_fine_percent(share: float, text: str) -> None:
    assert fine_percent(share) == text


def test_plural() -> None:
    assert (plural(1, "step"), plural(1200, "step"), plural(2, "backward pass")) == ("1 step", "1,200 steps", "2 backward passes")


@pytest.mark.parametrize(
    ("part", "text"), [(0.0, "0 %"), (0.83, "83 %"), (0.0002, "0.02 %"), (0.9981, "99.8 %"), (1.0, "100 %"), (0.01, "1 %"), (0.0099, "1 %")]
)
def test_a_rare_share_is_told_from_none(part: float, text: str) -> None:
    assert share(part) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (0.0234, "0.023"),
        (1523.0, "1,500"),
        (2.5e-10, "2.5e-10"),
        (9.96, "10"),
        (1e6, "1.0e+06"),
        (math.inf, "inf"),
        (-3.0, "-3"),
    ],
)
def test_size(number: float, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(("number", "text"), [(-0.1700408, "-0.17"), (math.sqrt(2), "1.414"), (-math.inf, "-∞"), (-0.0, "0")])
def test_constants_have_infinity(number: float, text: str) -> None:
    assert constant(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.01, "0.01"), (2.0, "2"), ("none", "none"), (math.inf, "∞"), (-0.6321205588285577, "-0.6321205588285577")]
)
def test_parameters_are_written_in_full(number: float | str, text: str) -> None:
    assert exact(number) == text


@pytest.mark.parametrize(("number", "text"), [(0.41234, "0.412"), (1234.5, "1,230"), (math.inf, "never"), (None, "–"), (math.nan, "–")])
def test_results_have_three_digits(number: float | None, text: str) -> None:
    assert result(number) == text


def test_intervals() -> None:
    assert (interval((-0.4101, -0.29)), interval(None)) == ("-0.41 to -0.29", "")


@pytest.mark.parametrize(("size_bytes", "text"), [(270_400_000, "270 MB"), (1_240_000_000, "1.2 GB"), (400_000, "0 MB")])
def test_memory(size_bytes: int, text: str) -> None:
    assert memory(size_bytes) == text
