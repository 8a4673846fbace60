"""A run of numbers as one line of blocks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.figures import sparkline


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ([], ""),
        ([None, None], ""),
        ([0.0, 0.0], "▁▁"),
        ([1.0, 0.0], "█▁"),
        ([1.0] * 8, "████████"),
        ([1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-9], "█▆▅▄▂▂"),
        ([1.0, 0.5, 0.3], "██▇"),
        ([1.0, None, math.nan, math.inf, 0.0], "█!!▁"),
        ([1e-300, 1e-300], "██"),
        ([1e300, 1e300], "██"),
    ],
)
def test_sparkline(numbers: list[float | None], line: str) -> None:
    assert sparkline(numbers) == line


@given(st.lists(st.none() | st.floats(), max_size=300), st.integers(1, 20))
def test_a_sparkline_is_never_longer_than_asked(numbers: list[float | None], width: int) -> None:
    assert len(sparkline(numbers, width)) == min(width, sum(number is not None for number in numbers))
