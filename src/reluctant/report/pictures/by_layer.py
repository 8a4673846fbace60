"""Quantities of the layers of a network, in its order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from reluctant.figures import Axis, Drawing, Line, line_chart
from reluctant.numbers import magnitude
from reluctant.recording import Finding, Layer, LayerMoment

from .._safe_text import safe
from ._picture import Picture, RecordingView

Quantity = Callable[[LayerMoment], "float | None"]


def named_layers(finding: Finding, view: RecordingView) -> tuple[Layer, ...]:
    """The layers that a finding's evidence names, in its order; all of the network's where it names none that are there."""
    names: Any = finding.evidence.get("layers", ())
    by_name = {layer.name: layer for layer in view.layers}
    found = tuple(by_name[name] for name in names if isinstance(name, str) and name in by_name) if isinstance(names, (list, tuple)) else ()
    return found if len(found) >= 2 else view.layers


def at_start(layer: Layer, quantity: Quantity) -> float | None:
    """The quantity at the first step at which it was measured."""
    return next((value for moment in layer.moments if (value := quantity(moment)) is not None), None)


def at_end(layer: Layer, quantity: Quantity) -> float | None:
    """The quantity at the last step at which it was measured."""
    return next((value for moment in reversed(layer.moments) if (value := quantity(moment)) is not None), None)


def size_axis(label: str, values: Sequence[float | None]) -> Axis | None:
    """A logarithmic axis for sizes, at least a factor of 10 long; None where none can be drawn on it."""
    drawn = [value for value in values if value is not None and value > 0 and math.isfinite(value)]
    if not drawn:
        return None
    low, high = min(drawn) / 1.5, max(drawn) * 1.5
    middle = math.sqrt(low) * math.sqrt(high)
    return Axis(label, min(low, middle / math.sqrt(10)), max(high, middle * math.sqrt(10)), "log")


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """The layers as they are called in charts."""
    return [safe(layer.name) or layer.kind for layer in layers]


def _layer_axis(names: Sequence[str]) -> Axis:
    return Axis(f"layers in order: {names[0]} to {names[-1]}", 0.5, len(names) + 0.5)


class GradientByLayer(Picture):
    """Size of the gradient at the output of each layer, first layer to last, at the first and at the last measured step."""

    order = 20
    evidence = frozenset({"gradient_ratio", "first_gradient_rms"})
    example = Finding("RL301", "", "error", "", layer="fc1", evidence={"gradient_ratio": 1e-5, "layers": ["fc1", "fc2", "fc3"]})

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The curves; None where fewer than two layers were measured."""
        layers = named_layers(finding, view)
        first = [at_start(layer, lambda moment: moment.output_gradient_rms) for layer in layers]
        last = [at_end(layer, lambda moment: moment.output_gradient_rms) for layer in layers]
        y = size_axis("root mean square", [*first, *last])
        if y is None or len(layers) < 2 or sum(value is not None for value in last) < 2:
            return None
        names, places = layer_names(layers), range(1, len(layers) + 1)
        ends = [f"{magnitude(sizes[0])} at {names[0]}, {magnitude(sizes[-1])} at {names[-1]}" for sizes in (first, last)]
        alt = f"At the start {ends[0]}; at the end {ends[1]}."
        lines = [Line("first measured step", places, first, colour=0, dashed=True), Line("last measured step", places, last)]
        return line_chart("Gradient that arrives at each layer", alt, _layer_axis(names), y, lines)


class SignalByLayer(Picture):
    """Spread of the values over samples at the output of each layer, before training."""

    order = 15
    evidence = frozenset({"signal_ratio", "first_spread"})
    example = Finding("RL305", "", "error", "", layer="fc1", evidence={"signal_ratio": 9.0, "layers": ["fc1", "fc2", "fc3"]})

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The curve; None where fewer than two layers were measured."""
        layers = named_layers(finding, view)
        spreads = [at_start(layer, lambda moment: moment.output_unit_std) for layer in layers]
        measured = [value for value in spreads if value is not None]
        y = size_axis("standard deviation over samples", spreads)
        if y is None or len(measured) < 2:
            return None
        names = layer_names(layers)
        alt = f"From {magnitude(measured[0])} at {names[0]} to {magnitude(measured[-1])} at {names[-1]}."
        line = Line("spread of the values", range(1, len(layers) + 1), spreads)
        return line_chart("Signal at the first step", alt, _layer_axis(names), y, [line])
