"""Statistics of values that stream by are those of all the values together."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reluctant.observe._value_record import DISTINCT, SAMPLE, InputRecord, ValueRecord
from reluctant.recording import ValueStatistics


def recorded(*parts: Tensor, class_axis: int | None = None) -> ValueStatistics:
    record = ValueRecord()
    for part in parts:
        record.add(part, class_axis)
    plain = record.plain()
    assert plain is not None
    return plain


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20), min_size=1, max_size=8))
def test_moments_are_those_of_all_values(parts: list[list[float]]) -> None:
    seen = recorded(*(torch.tensor(part) for part in parts))
    values = torch.tensor([v for part in parts for v in part], dtype=torch.float64)
    assert seen.count == len(values)
    assert (seen.minimum, seen.maximum) == (float(values.min()), float(values.max()))
    assert seen.mean == pytest.approx(float(values.mean()), rel=1e-9, abs=1e-6)
    assert seen.std == pytest.approx(float(values.std(correction=0)), rel=1e-4, abs=0.5)
    assert seen.below_zero_share == pytest.approx(float((values < 0).double().mean()))
    assert seen.above_one_share == pytest.approx(float((values > 1).double().mean()))
    assert seen.integer_valued == bool((values == values.round()).all())
    distinct = sorted(set(values.tolist()))
    assert seen.distinct == (tuple(distinct) if len(distinct) <= DISTINCT else ())


def test_values_that_are_not_finite_are_left_out() -> None:
    seen = recorded(torch.tensor([math.nan, 1.0, math.inf, 3.0, -math.inf]))
    assert (seen.count, seen.minimum, seen.maximum, seen.mean) == (2, 1.0, 3.0, 2.0)
    assert ValueRecord().plain() is None
    nothing = ValueRecord()
    nothing.add(torch.tensor([math.nan]))
    nothing.add(torch.zeros(0))
    assert nothing.plain() is None


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.float16, torch.bfloat16, torch.float64])
def test_any_type_of_number(dtype: torch.dtype) -> None:
    seen = recorded(torch.tensor([0, 1, 1, 0]).to(dtype), torch.tensor(1).to(dtype))
    assert (seen.count, seen.distinct, seen.integer_valued, seen.mean) == (5, (0.0, 1.0), True, 0.6)


def test_rows_that_are_distributions() -> None:
    scores = torch.randn(6, 4)
    assert recorded(scores.softmax(1), class_axis=1).rows_sum_to_one is True
    assert recorded(scores.log_softmax(1), class_axis=1).rows_log_sum_to_zero is True
    assert recorded(scores, class_axis=1).rows_sum_to_one is False
    assert recorded(scores, class_axis=1).rows_log_sum_to_zero is False
    assert recorded(scores.softmax(1)).rows_sum_to_one is None
    assert recorded(torch.ones(6, 1), class_axis=1).rows_sum_to_one is None
    assert recorded(scores.softmax(1), scores, class_axis=1).rows_sum_to_one is False
    assert recorded(scores, scores.softmax(1), class_axis=1).rows_sum_to_one is False
    assert recorded(scores[:, :, None].softmax(1).expand(6, 4, 3), class_axis=1).rows_sum_to_one is True
    shifted = torch.tensor([[1.5, -0.5], [0.5, 0.5]])
    assert recorded(shifted, class_axis=1).rows_sum_to_one is False


def test_quantiles_come_from_a_bounded_even_sample() -> None:
    record = ValueRecord()
    for step in range(400):
        record.add(torch.linspace(0, 1, 1000) + step)
    assert sum(part.numel() for part in record._sample) <= SAMPLE + 256
    seen = record.plain()
    assert seen is not None
    assert len(seen.quantiles) == 21
    assert list(seen.quantiles) == sorted(seen.quantiles)
    assert seen.quantiles[10] == pytest.approx(200, abs=20)
    assert seen.quantiles[-1] <= seen.maximum


def test_what_enters_a_layer_feature_by_feature() -> None:
    torch.manual_seed(0)
    data = torch.randn(500, 4, dtype=torch.float64) * torch.tensor([1.0, 100.0, 0.01, 0.0]) + torch.tensor([0.0, 1000.0, 0.0, 7.0])
    record = InputRecord()
    for part in data.split(64):
        record.add(part.float(), 1)
    seen = record.plain()
    assert seen is not None
    means, stds = data.mean(0), data.std(0, correction=0)
    assert (seen.samples, seen.features, seen.constant_features) == (500, 4, 1)
    assert seen.mean == pytest.approx(float(data.mean()), rel=1e-4)
    assert seen.std == pytest.approx(float(data.std(correction=0)), rel=1e-4)
    assert seen.largest_feature_mean == pytest.approx(float(means.abs().max()), rel=1e-4)
    assert seen.smallest_feature_std == pytest.approx(float(stds[2]), rel=1e-2)
    assert seen.largest_feature_std == pytest.approx(float(stds[1]), rel=1e-3)
    assert seen.largest_offset == pytest.approx(float((means.abs() / stds)[:3].max()), rel=1e-3)
    assert seen.feature_means_std == pytest.approx(float(means.std(correction=0)), rel=1e-4)
    assert (seen.minimum, seen.maximum) == (pytest.approx(float(data.min()), rel=1e-5), pytest.approx(float(data.max()), rel=1e-5))
    assert not seen.integer_valued


def test_features_lie_along_the_axis_that_is_named() -> None:
    images = torch.randint(0, 256, (5, 3, 8, 8)).float()
    record = InputRecord()
    record.add(images, 1)
    seen = record.plain()
    assert seen is not None
    assert (seen.features, seen.samples, seen.integer_valued) == (3, 5 * 64, True)


def test_input_that_cannot_be_read_is_left_out() -> None:
    record = InputRecord()
    record.add(torch.zeros(0, 3), 1)
    record.add(torch.tensor(1.0), 0)
    record.add(torch.ones(2, 3, dtype=torch.int64), 1)
    record.add(torch.full((2, 3), math.nan), 1)
    record.add(torch.ones(2, 3, dtype=torch.complex64), 1)
    assert record.plain() is None


def test_wide_input_is_thinned() -> None:
    record = InputRecord()
    record.add(torch.randn(4096, 512), 1)
    seen = record.plain()
    assert seen is not None
    assert 256 <= seen.samples <= 1024
