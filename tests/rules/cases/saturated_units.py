"""RL203 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import LossPoint, Recording, ShareHistogram, SiteMoment, UnitWindow, ValueStatistics
from tests.recordings import Stage, histogram, stack
from tests.rules.cases import Case
from tests.rules.cases.dead_units import RAW, with_input, with_parameter, with_site

TANH = Stage("fc1", 100, 31, "x = torch.tanh(self.fc1(x))", operation="tanh")


def flat(units: int, share: float, samples: int = 1280, first: int = 900) -> UnitWindow:
    """Units that are flat on `share` of the samples, the others on 30 % of them."""
    bins = [0] * 20
    bins[6] = 100 - units
    if share < 1:
        bins[min(int(share * 20 + 1e-9), 19)] += units
    return UnitWindow(
        first, 1199, samples, histogram(100, one=100), histogram(100, share=0.3), ShareHistogram(0, tuple(bins), units if share == 1 else 0)
    )


def moments(at_start: float) -> tuple[SiteMoment, ...]:
    return tuple(SiteMoment(step, 64, 0.0, 0.0, 0.0, 0.5, flat_share=0.9 if step > 20 else at_start) for step in (0, 10, 30, 600, 1199))


def saturated(recent: UnitWindow, start: UnitWindow | None = None, **changes: object) -> Recording:
    start = start or flat(0, 0.3, 64, 0)
    at_start = 0.9 if start.flat.at_least(0.5) else 0.1
    recording = with_site(
        stack([TANH, Stage("fc2", 50, 32, "x = torch.relu(self.fc2(x))")]), recent=recent, start=start, moments=moments(at_start), **changes
    )
    return stuck(recording)


def stuck(recording: Recording) -> Recording:
    curve = replace(
        recording.loss_curves[0], points=(LossPoint(0, 2.3, 2.2, 2.4), LossPoint(600, 2.2, 2.1, 2.3), LossPoint(1199, 2.2, 2.1, 2.3))
    )
    return replace(recording, loss_curves=(curve,))


def solved(recording: Recording) -> Recording:
    curve = replace(recording.loss_curves[0], points=(LossPoint(0, 2.3, 2.2, 2.4), LossPoint(1199, 0.01, 0.0, 0.02)))
    return replace(recording, loss_curves=(curve,))


def output(low: float, high: float) -> Recording:
    recording = saturated(flat(60, 1.0), role="output")
    targets = ValueStatistics(2432, low, high, (low + high) / 2, (high - low) / 4)
    return replace(recording, losses=(replace(recording.losses[0], kind="mse_loss", targets=targets),))


def blocked(operation: str, **parameters: float) -> Recording:
    """Every unit is flat on all samples, and the slope is rounded to 0."""
    recent = replace(flat(100, 1.0), passes=histogram(100, zero=100))
    return saturated(recent, flat(100, 1.0, 64, 0), operation=operation, parameters=parameters)


CASES = (
    Case("none", saturated(flat(0, 1.0))),
    Case("19 of 100", saturated(flat(19, 1.0))),
    Case("20 of 100", saturated(flat(20, 1.0)), "warning", line=31),
    Case("flat on 94 %", saturated(flat(60, 0.94))),
    Case("flat on 95 %", saturated(flat(60, 0.95)), "warning"),
    Case("flat half of the time", saturated(flat(100, 0.5))),
    Case("99 samples", saturated(flat(60, 1.0, 99)), not_judged=True),
    Case("100 samples", saturated(flat(60, 1.0, 100)), "warning"),
    Case("one measured step", saturated(flat(60, 1.0, 4000, 1199)), not_judged=True),
    Case("a gate", saturated(flat(60, 1.0), role="gate")),
    Case("an activation without bounds", saturated(flat(60, 1.0), operation="elu")),
    Case("a hard tanh", saturated(flat(60, 1.0), operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0}), "warning"),
    Case("all of it, rounded to 0", blocked("tanh"), "error"),
    Case("all of it, and hard: RL202's", blocked("hardtanh", min_val=-1.0, max_val=1.0)),
    Case("solved, flat since then", solved(saturated(flat(60, 1.0)))),
    Case("solved, flat from the start", solved(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0))), "warning"),
    Case("an output with targets at its bounds", output(-1.0, 1.0)),
    Case("an output with targets near its bounds", output(-0.95, 0.5)),
    Case("an output with targets well inside", output(-0.5, 0.5), "warning"),
    Case("raw data", with_input(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0)), RAW), "warning", "input-scale"),
    Case(
        "huge weights", with_parameter(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0)), "fc1.weight", std=1.0), "warning", "initialisation"
    ),
    Case("large updates", with_parameter(saturated(flat(60, 1.0)), "fc1.weight", update_rms=0.02), "warning", "learning-rate"),
    Case("small updates", with_parameter(saturated(flat(60, 1.0)), "fc1.weight", update_rms=0.0001), "warning", "none"),
)
