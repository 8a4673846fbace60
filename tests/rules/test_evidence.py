"""Bounds on a share from a count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluctant.rules._evidence import clopper_pearson, rule_of_three


@pytest.mark.parametrize(("samples", "bound"), [(0, 1.0), (1, 1.0), (3, 1.0), (300, 0.01), (3000, 0.001)])
def test_rule_of_three(samples: int, bound: float) -> None:
    assert rule_of_three(samples) == pytest.approx(bound)


@given(st.integers(3, 10**9))
def test_rule_of_three_is_no_smaller_than_the_exact_bound(samples: int) -> None:
    assert rule_of_three(samples) >= 1 - 0.05 ** (1 / samples)


@pytest.mark.parametrize(
    ("hits", "samples", "low", "high"),
    [  # scipy.stats.binomtest(hits, samples).proportion_ci(0.95, "exact")
        (0, 10, 0.0, 0.30849710781876083),
        (3, 10, 0.06673951117773447, 0.6524528500599973),
        (10, 10, 0.6915028921812392, 1.0),
        (285, 300, 0.9188726, 0.9717487),
        (1, 5000, 5.0635e-06, 0.00111382),
    ],
)
def test_clopper_pearson(hits: int, samples: int, low: float, high: float) -> None:
    assert clopper_pearson(hits, samples) == pytest.approx((low, high), rel=1e-4)


def test_clopper_pearson_of_nothing() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="make no share"):
        clopper_pearson(3, 2)
