"""What is read from the losses of a trial."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reluctant.recording import Curve, LossCurve, LossPoint, Recording, Trial
from reluctant.studies._losses import Losses, losses_of, mean_curve, starting_level


def falling(points: int = 100, scale: float = 1.0) -> Losses:
    return Losses(tuple(range(points)), tuple(scale * (1 - step / points) for step in range(points)))


def test_the_end_is_the_mean_of_the_last_tenth():
    assert falling().end == pytest.approx((0.1 + 0.01) / 2)
    assert Losses((0,), (3.0,)).end == 3.0


def test_a_curve_that_ends_without_a_number_ends_at_infinity():
    assert Losses((0, 1), (1.0, None)).end == math.inf
    assert math.isnan(Losses().end)


def test_a_gap_long_before_the_end_is_no_divergence():
    assert Losses(tuple(range(20)), (None, *[1.0] * 19)).end == 1.0


def test_the_area_is_the_mean_loss_over_the_steps():
    assert Losses((0, 10, 20), (4.0, 2.0, 2.0)).area(math.inf) == pytest.approx(2.5)
    assert Losses((0, 1, 100), (2.0, 1.0, 1.0)).area(math.inf) == pytest.approx((1.5 + 99) / 100)
    assert Losses((0, 10), (None, 1.0)).area(2.0) == pytest.approx(1.5)
    assert Losses((7,), (3.0,)).area(math.inf) == 3.0
    assert math.isnan(Losses().area(1.0))


def test_steps_to_a_loss_waits_for_more_than_one_lucky_batch():
    lucky = Losses(tuple(range(100)), tuple(0.0 if step == 30 else 1.0 if step < 60 else 0.1 for step in range(100)))
    assert 60 <= lucky.steps_to(0.2) < 70
    assert lucky.steps_to(0.05) == math.inf
    assert Losses().steps_to(1.0) == math.inf


def test_the_longest_curve_of_a_recording_is_the_loss():
    short = LossCurve(points=(LossPoint(0, 9.0, 9.0, 9.0),))
    long = LossCurve(points=(LossPoint(0, 2.0, 2.0, 2.0), LossPoint(1, 1.0, 1.0, 1.0, passes=2, non_finite=1)))
    assert losses_of(Recording(loss_curves=(short, long))) == Losses((0, 1), (2.0, None))
    assert losses_of(Recording()) == Losses()


def test_a_curve_is_taken_by_its_source_and_more_of_a_metric_can_be_better():
    accuracy = Curve("metric", "accuracy", points=(LossPoint(0, 0.1, 0.1, 0.1), LossPoint(9, 0.8, 0.8, 0.8)))
    trial = Trial(goal="max", curves=(accuracy, Curve("backward", points=(LossPoint(0, 2.3, 2.3, 2.3),))))
    assert losses_of(Recording(trial=trial), "metric") == Losses((0, 9), (-0.1, -0.8))
    assert losses_of(Recording(trial=replace(trial, goal="min")), "metric") == Losses((0, 9), (0.1, 0.8))
    assert losses_of(Recording(trial=trial)) == Losses((0,), (2.3,))
    assert losses_of(Recording(trial=trial), "validation") == Losses()


def test_the_starting_level_is_the_lower_median_and_leaves_out_what_has_no_start():
    curves = [Losses((0,), (start,)) for start in (2.3, 2.4, 900.0, 1000.0)]
    assert starting_level([*curves, Losses(), Losses((0,), (None,))]) == 2.4
    assert starting_level([Losses()]) == math.inf


def test_the_mean_curve_has_an_interval_from_three_curves_on():
    three = mean_curve([falling(scale=scale) for scale in (1.0, 2.0, 3.0)], ceiling=5.0)
    assert three.steps[0] == 0
    assert three.mean[0] == pytest.approx(2.0)
    assert three.low[0] == pytest.approx(2 - 4.302652729749462 / math.sqrt(3))
    assert mean_curve([falling()], 5.0).low == ()
    assert mean_curve([Losses()], 5.0).steps == ()


def test_the_mean_curve_is_thinned_out_and_holds_back_what_diverged():
    diverged = Losses(tuple(range(512)), (1.0, *[None] * 511))
    drawn = mean_curve([diverged, falling(512)], ceiling=2.0)
    assert len(drawn.steps) == 128
    assert drawn.mean[-1] == pytest.approx((2.0 + 1 - drawn.steps[-1] / 512) / 2)
