"""What is counted per unit as readings stream by is what a slow look at all of them at once says."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reluctant.observe._unit_statistics import WINDOW_GROWTH, UnitCounts, UnitStatistics
from reluctant.recording import SHARE_BINS, ShareHistogram


def counts(slopes: Tensor) -> UnitCounts:
    """One reading: `slopes` has a row a sample and a column a unit, and 1 is the largest slope."""
    return UnitCounts(
        samples=len(slopes),
        passing=(slopes != 0).sum(0),
        open=(slopes >= 0.95).sum(0),
        flat=(slopes < 0.05).sum(0),
        zero_share=float((slopes == 0).double().mean()),
        slope_mean=float(slopes.double().mean()),
        slope_square_mean=float((slopes.double() ** 2).mean()),
    )


def histogram(shares: list[float]) -> ShareHistogram:
    """The obvious count."""
    bins = [0] * SHARE_BINS
    for share in shares:
        if 0 < share < 1:
            bins[math.floor(share * SHARE_BINS + 1e-9)] += 1
    return ShareHistogram(shares.count(0.0), tuple(bins), shares.count(1.0))


def streamed(readings: list[tuple[int, Tensor]]) -> UnitStatistics:
    statistics = UnitStatistics()
    for step, slopes in readings:
        statistics.add(step, counts(slopes))
    return statistics


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[int, Tensor]]:
    """A run: (step, slopes) with 0, small and full slopes, units that fall silent and come back."""
    units = draw(st.integers(1, 5))
    steps = sorted(draw(st.lists(st.integers(0, 400), min_size=1, max_size=12)))
    readings = []
    for step in steps:
        samples = draw(st.integers(1, 6))
        values = draw(st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0]), min_size=units * samples, max_size=units * samples))
        slopes = torch.tensor(values).reshape(samples, units)
        slopes[:, draw(st.integers(0, units - 1))] = 0
        readings.append((step, slopes))
    return readings


@settings(max_examples=60, deadline=None)
@given(runs())
def test_the_whole_window_is_all_readings_together(readings: list[tuple[int, Tensor]]) -> None:
    whole = streamed(readings).windows()[0]
    slopes = torch.cat([s for _, s in readings])
    assert whole is not None
    assert (whole.first_step, whole.last_step, whole.samples) == (readings[0][0], readings[-1][0], len(slopes))
    assert whole.passes == histogram((slopes != 0).double().mean(0).tolist())
    assert whole.open == histogram((slopes >= 0.95).double().mean(0).tolist())
    assert whole.flat == histogram((slopes < 0.05).double().mean(0).tolist())
    assert whole.zero_share == pytest.approx(float((slopes == 0).double().mean()))
    assert whole.slope_spread == pytest.approx(float(slopes.double().std(correction=0)), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(runs())
def test_silences_are_the_silent_ends_of_the_units(readings: list[tuple[int, Tensor]]) -> None:
    statistics = streamed(readings)
    expected: dict[tuple[int, int], list[int]] = {}
    silent = []
    for unit in range(readings[0][1].shape[1]):
        last_alive, first_silent, samples = -1, -1, 0
        for step, slopes in readings:
            if bool((slopes[:, unit] != 0).any()):
                last_alive, first_silent, samples = step, -1, 0
            else:
                first_silent = step if samples == 0 else first_silent
                samples += len(slopes)
        if samples:
            silent.append(unit)
            expected.setdefault((last_alive, first_silent), []).append(samples)
    found = {(s.last_alive_step, s.first_silent_step): (s.units, s.samples) for s in statistics.silences()}
    assert found == {key: (len(samples), min(samples)) for key, samples in expected.items()}
    assert statistics.silent_units() == tuple(silent)
    assert statistics.undecided == any(samples < 300 for group in expected.values() for samples in group)


@settings(max_examples=40, deadline=None)
@given(runs())
def test_the_first_window_is_the_first_step(readings: list[tuple[int, Tensor]]) -> None:
    start = streamed(readings).windows()[2]
    slopes = torch.cat([s for step, s in readings if step == readings[0][0]])
    assert start is not None
    assert (start.first_step, start.last_step, start.samples) == (readings[0][0], readings[0][0], len(slopes))
    assert start.passes == histogram((slopes != 0).double().mean(0).tolist())


@pytest.mark.parametrize("length", [1, 2, 20, 300])
def test_the_recent_window_is_the_last_part_of_the_run(length: int) -> None:
    statistics = streamed([(step, torch.full((4, 3), float(step))) for step in range(length)])
    _, recent, _ = statistics.windows()
    assert recent is not None
    assert recent.last_step == length - 1
    assert recent.samples == 4 * (recent.last_step - recent.first_step + 1)
    if length >= 20:
        share = (length - recent.first_step) / length
        assert 1 - 1 / WINDOW_GROWTH - 0.1 < share < 1 - 1 / WINDOW_GROWTH**2 + 0.1


def test_the_recent_window_forgets_what_is_long_ago() -> None:
    dead_at_last = [(step, torch.ones(8, 2) if step < 50 else torch.tensor([[1.0, 0.0]] * 8)) for step in range(200)]
    whole, recent, start = streamed(dead_at_last).windows()
    assert whole is not None
    assert recent is not None
    assert start is not None
    assert (whole.passes.zero, recent.passes.zero, start.passes.zero) == (0, 1, 0)


def test_a_site_whose_width_changes_begins_anew() -> None:
    statistics = streamed([(0, torch.ones(4, 3)), (1, torch.zeros(4, 5))])
    whole, _, _ = statistics.windows()
    assert whole is not None
    assert statistics.units == 5
    assert (whole.samples, whole.passes.zero) == (4, 5)


def test_silences_name_the_largest_groups_where_there_are_many() -> None:
    steps = 60
    slopes = torch.ones(steps, 2, steps + 5)
    for unit in range(steps):
        slopes[unit + 1 :, :, unit] = 0
    slopes[10:, :, steps:] = 0
    statistics = streamed([(step, slopes[step]) for step in range(steps)])
    silences = statistics.silences(limit=8)
    assert len(silences) == 8
    assert max(s.units for s in silences) == 6
    assert list(silences) == sorted(silences, key=lambda s: s.first_silent_step)
    assert len(statistics.silent_units()) == 64


def test_nothing_seen_is_nothing_said() -> None:
    statistics = UnitStatistics()
    assert statistics.windows() == (None, None, None)
    assert (statistics.units, statistics.silences(), statistics.silent_units(), statistics.undecided) == (0, (), (), False)
