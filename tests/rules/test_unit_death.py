"""What silence on some samples proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.rules._unit_death import rule_of_three


@pytest.mark.parametrize(("samples", "bound"), [(0, 1.0), (1, 1.0), (3, 1.0), (300, 0.01), (3000, 0.001)])
def test_rule_of_three(samples: int, bound: float) -> None:
    assert rule_of_three(samples) == pytest.approx(bound)


@given(st.integers(3, 10**9))
def test_rule_of_three_is_no_smaller_than_the_exact_bound(samples: int) -> None:
    assert rule_of_three(samples) >= 1 - 0.05 ** (1 / samples)
