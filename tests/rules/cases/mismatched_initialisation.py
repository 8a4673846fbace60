"""RL305 from both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reluctant.recording import LossPoint, Recording
from tests.recordings import Stage, stack
from tests.rules.cases import Case


def deep(layers: int, operation: str = "relu") -> Recording:
    """A stack of equal layers of 100 units."""
    return stack([Stage(f"fc{index}", 100, 31, "x = torch.relu(fc(x))", operation=operation) for index in range(layers)], inputs=100)


def spreading(spreads: Sequence[float], weights: float, operation: str = "relu", loss_end: float = 2.3) -> Recording:
    """A stack whose pre-activations spread so over its layers (the head among them), with weights of this scale times 1/sqrt(fan_in)."""
    recording = deep(len(spreads) - 1, operation)
    layers = tuple(
        replace(layer, moments=tuple(replace(moment, output_unit_std=spread) for moment in layer.moments))
        for layer, spread in zip(recording.layers, spreads, strict=True)
    )
    parameters = tuple(
        replace(parameter, moments=tuple(replace(moment, std=weights / math.sqrt(100)) for moment in parameter.moments))
        if parameter.role == "weight"
        else parameter
        for parameter in recording.parameters
    )
    return ending(replace(recording, layers=layers, parameters=parameters), loss_end)


def ending(recording: Recording, loss: float) -> Recording:
    """The run's loss goes from 2.3 to `loss`, or to NaN."""
    last = LossPoint(1199, None, None, None, non_finite=1) if math.isnan(loss) else LossPoint(1199, loss, loss, loss)
    curve = replace(recording.loss_curves[0], points=(LossPoint(0, 2.3, 2.3, 2.3), last))
    return replace(recording, loss_curves=(curve,), losses=(replace(recording.losses[0], last_loss=loss),))


def flat(share: float, weights: float, loss_end: float = 2.3, operation: str = "tanh") -> Recording:
    """Layers that keep the signal's size, with this share of each activation's inputs on its flat part."""
    recording = spreading(geometric(1.0, 3), weights, operation, loss_end)
    sites = tuple(replace(site, moments=tuple(replace(moment, flat_share=share) for moment in site.moments)) for site in recording.sites)
    return replace(recording, sites=sites)


def sloped(slope: float) -> Recording:
    """A signal that swells from layer to layer through leaky ReLUs of this slope, at torch's default weights."""
    recording = spreading(geometric(7.0, 5), 0.58, "leaky_relu")
    return replace(recording, sites=tuple(replace(site, parameters={"negative_slope": slope}) for site in recording.sites))


def geometric(factor: float, count: int) -> list[float]:
    return [factor**index for index in range(count)]


CASES = (
    Case("keeps its size", spreading(geometric(1.0, 12), math.sqrt(2))),
    Case("fades by 90", spreading(geometric(90 ** (-1 / 11), 12), 0.58)),
    Case("fades by 110", spreading(geometric(110 ** (-1 / 11), 12), 0.58), "error", "initialisation", line=31),
    Case("swells by 90", spreading(geometric(90 ** (1 / 11), 12), 2.2)),
    Case("swells by 110", spreading(geometric(110 ** (1 / 11), 12), 2.2), "error", "initialisation"),
    Case("fades, and learns all the same", spreading(geometric(0.41, 8), 0.58, loss_end=0.2), "advice"),
    Case("swells until it is NaN", spreading(geometric(5.0, 5), 8.0, loss_end=math.nan), "error"),
    Case("two layers", spreading([1.0, 0.001], 0.1)),
    Case("three layers", spreading([1.0, 0.05, 0.0025], 0.05), "error"),
    Case("one step of two thirds", spreading([*geometric(0.5, 4), 0.0001], 0.58)),
    Case("a head that starts at 0", spreading([1.0, 1.0, 1.0, 1.0, 0.0], math.sqrt(2))),
    Case("fades by the slope of a sigmoid", spreading(geometric(0.2, 8), 1.0, "sigmoid")),
    Case("fades by weights", spreading(geometric(0.2, 8), 0.3), "error"),
    Case("half flat at the start, 5 times the gain", flat(0.5, 9.0), "error", "initialisation"),
    Case("half flat at the start, and learns", flat(0.5, 9.0, 0.5), "warning"),
    Case("half flat at the start, and solved", flat(0.5, 9.0, 0.1), "advice"),
    Case("a slope of 20", sloped(20.0), "error", "activation-choice"),
    Case("a slope of 0.5", sloped(0.5), "error", "initialisation"),
    Case("half flat at the start, at the gain", flat(0.5, 1.7)),
    Case("less than half flat at the start", flat(0.49, 9.0)),
    Case("nothing flat about it", flat(0.5, 9.0, operation="elu")),
    Case("swells by its branches", spreading(geometric(1.6, 12), math.sqrt(2)), "error", "initialisation"),
)
