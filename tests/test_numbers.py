"""Numbers as they are shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.numbers import fine_percent, magnitude, percent, plural, value


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
