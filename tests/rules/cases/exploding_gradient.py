"""RL302 from both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reluctant.recording import LossPoint, Recording
from tests.rules.cases import Case
from tests.rules.cases.dead_units import RAW, with_input, with_parameter
from tests.rules.cases.mismatched_initialisation import deep
from tests.rules.cases.vanishing_gradient import fading, rising


def growing(losses: Sequence[float], gradient: float, raw: Recording | None = None) -> Recording:
    """A run with these losses, whose gradients end `gradient` times as large as they start; NaN stands for a loss that is none."""
    recording = raw or deep(3)
    points = tuple(
        LossPoint(100 * index, None if math.isnan(loss) else loss, None, None, non_finite=int(math.isnan(loss)))
        for index, loss in enumerate(losses)
    )
    lost = next((point.step for point in points if point.non_finite), None)
    layers = tuple(
        replace(
            layer,
            moments=tuple(replace(moment, weight_gradient_rms=1e-3 * (gradient if moment.step > 600 else 1.0)) for moment in layer.moments),
        )
        for layer in recording.layers
    )
    curve = replace(recording.loss_curves[0], points=points, first_non_finite_step=lost)
    return replace(recording, layers=layers, loss_curves=(curve,))


NAN = math.nan

CASES = (
    Case("steady", growing([2.3, 2.0, 1.0, 0.5], 1.0)),
    Case("large and steady", growing([7e4, 6e4, 6e4, 6e4], 1.0)),
    Case("loss 9 times, gradient 110 times", growing([2.0, 10.0, 18.0, 18.0], 110.0)),
    Case("loss 11 times, gradient 110 times", growing([2.0, 10.0, 22.0, 22.0], 110.0), "error", "learning-rate", line=52),
    Case("loss 11 times, gradient 90 times", growing([2.0, 10.0, 22.0, 22.0], 90.0)),
    Case("back again at the end", growing([2.0, 200.0, 2000.0, 1.5], 110.0)),
    Case("a loss below 0 falls without limit", growing([-1.0, -100.0, -1e5, -1e7], 1e4)),
    Case("a loss falls below 0 without limit", growing([1.0, -100.0, -1e5, -1e7], 1e4)),
    Case("NaN after growing", growing([2.0, 40.0, 9e8, NAN], 1.0), "error"),
    Case("NaN at once", growing([2.0, 2.1, NAN, NAN], 1.0)),
    Case("raw data", growing([2.0, 40.0, 9e8, NAN], 1.0, with_input(deep(3), RAW)), "error", "input-scale"),
    Case("huge weights", growing([2.0, 40.0, 9e8, NAN], 1.0, with_parameter(deep(3), "fc1.weight", std=1.0)), "error", "initialisation"),
    Case("grows 900 times over the layers", fading(rising(900)[::-1])),
    Case("grows 1100 times over the layers", fading(rising(1100)[::-1]), "error", "initialisation"),
    Case("grows over the layers, and learns", fading(rising(1100)[::-1], loss=0.2)),
)
