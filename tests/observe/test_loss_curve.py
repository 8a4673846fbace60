"""A loss curve holds every pass, in bounded memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluctant.instrument.loss_curve import POINTS, LossCurveRecord

VALUES = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([math.nan, math.inf, -math.inf]))


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, max_size=1500))
def test_the_points_together_are_all_passes(values: list[float]) -> None:
    record = LossCurveRecord(None)
    for step, value in enumerate(values):
        record.add(step, value)
    curve = record.plain()
    finite = [v for v in values if math.isfinite(v)]
    assert len(curve.points) <= POINTS
    assert sum(p.passes for p in curve.points) == len(values)
    assert sum(p.non_finite for p in curve.points) == len(values) - len(finite)
    assert [p.step for p in curve.points] == sorted({p.step for p in curve.points})
    total = sum(p.mean * (p.passes - p.non_finite) for p in curve.points if p.mean is not None)
    assert total == pytest.approx(math.fsum(finite), rel=1e-9, abs=1e-6)
    assert min((p.minimum for p in curve.points if p.minimum is not None), default=None) == min(finite, default=None)
    assert max((p.maximum for p in curve.points if p.maximum is not None), default=None) == max(finite, default=None)
    broken = next((step for step, value in enumerate(values) if not math.isfinite(value)), None)
    assert curve.first_non_finite_step == broken
    for point in curve.points:
        assert (point.mean is None) == (point.passes == point.non_finite)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 100_000])
def test_points_are_even(length: int) -> None:
    record = LossCurveRecord(None)
    for step in range(length):
        record.add(step, float(step))
    points = record.plain().points
    assert len(points) >= min(length, POINTS // 2)
    spans = {p.passes for p in points[:-1]}
    assert len(spans) <= 1
    for point in points:
        assert point.minimum == point.step
        assert point.mean == pytest.approx(point.step + (point.passes - 1) / 2)


def test_several_passes_in_one_step_are_kept() -> None:
    record = LossCurveRecord(None)
    for value in (1.0, 2.0, 3.0):
        record.add(7, value)
    assert [(p.step, p.mean) for p in record.plain().points] == [(7, 1.0), (7, 2.0), (7, 3.0)]
