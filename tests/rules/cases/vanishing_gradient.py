"""RL301 from both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reluctant.recording import Recording
from tests.rules.cases import Case
from tests.rules.cases.mismatched_initialisation import deep, ending, geometric


def fading(
    start: Sequence[float],
    end: Sequence[float] | None = None,
    operation: str = "relu",
    weights: float = 0.58,
    slope: float = 0.7,
    loss: float = 2.29,
    until: int = 620,
) -> Recording:
    """A stack with these gradients from the first layer to the head, up to step `until` and from there on."""
    recording = deep(len(start) - 1, operation)
    layers = tuple(
        replace(
            layer, moments=tuple(replace(moment, output_gradient_rms=late if moment.step > until else early) for moment in layer.moments)
        )
        for layer, early, late in zip(recording.layers, start, end or start, strict=True)
    )
    sites = tuple(
        replace(site, moments=tuple(replace(moment, slope_rms=slope, flat_share=0.0) for moment in site.moments))
        for site in recording.sites
    )
    parameters = tuple(
        replace(parameter, moments=tuple(replace(moment, std=weights / math.sqrt(100)) for moment in parameter.moments))
        for parameter in recording.parameters
    )
    return ending(replace(recording, layers=layers, sites=sites, parameters=parameters), loss)


def rising(ratio: float, count: int = 8) -> list[float]:
    """Gradients that end at 0.01 and start `ratio` times below, in equal factors."""
    return [0.01 * value / ratio for value in geometric(ratio ** (1 / (count - 1)), count)]


CASES = (
    Case("falls by 900", fading(rising(900))),
    Case("falls by 1100", fading(rising(1100)), "error"),
    Case("falls, and the loss falls too", fading(rising(1e5), loss=0.2), "advice"),
    Case("falls at the start only", fading(rising(1e5), rising(10), until=50)),
    Case("falls for a little less than half of the run", fading(rising(1e5), rising(10), until=500)),
    Case("falls for a little more than half of the run", fading(rising(1e5), rising(10), until=700), "error"),
    Case("falls at the end only", fading(rising(10), rising(1e5)), "error"),
    Case("two layers", fading([1e-8, 1e-2])),
    Case("in one step", fading([1e-6, 1e-6, 1e-6, 1e-6, 1e-2])),
    Case("is exactly 0", fading([0.0, 0.0, 0.0, 1e-2])),
    Case("sigmoids", fading(rising(1e6), operation="sigmoid", weights=1.0, slope=0.2), "error", "activation-choice", line=31),
    Case("small weights", fading(rising(1e4), weights=0.3), "error", "initialisation"),
    Case("deep", fading(rising(2e3, 40), weights=math.sqrt(2)), "error", "depth"),
)
