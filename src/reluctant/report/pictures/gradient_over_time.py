"""Size of the gradient by layer, through time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter

from reluctant.figures import Drawing, Guide, HeatMap, heat_map
from reluctant.numbers import magnitude, plural
from reluctant.recording import Finding, Layer

from ._picture import Picture, RecordingView, event_of
from .by_layer import Quantity, at_end, at_start, layer_names

MOST_ROWS, MOST_COLUMNS = 40, 90

ARRIVING: Quantity = attrgetter("output_gradient_rms")
OF_WEIGHTS: Quantity = attrgetter("weight_gradient_rms")


class GradientOverTime(Picture):
    """A map of the network against time: the deeper the colour, the larger the gradient that a layer receives."""

    order = 21
    evidence = frozenset(
        {"gradient_ratio", "gradient_growth", "first_non_finite_step", "frozen_layers", "dead_units", "factor_per_layer", "loss_growth"}
    )
    example = Finding("RL302", "", "error", "", layer="fc1", evidence={"first_non_finite_step": 7})

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The map; None where no layer was measured."""
        event = event_of(finding, view.site(finding))
        return gradient_map(view, [event] if event else [])


def gradient_map(view: RecordingView, guides: Sequence[Guide] = ()) -> Drawing | None:
    """The map of a whole recording; None where no layer was measured at two steps."""
    layers, quantity, words = _measured(view.layers)
    moments = sorted({moment.step for layer in layers for moment in layer.moments if quantity(moment) is not None})
    if not layers or len(moments) < 2:
        return None
    shown = _some(layers, MOST_ROWS)
    columns = _columns(moments)
    rows = [_row(layer, quantity, columns) for layer in shown]
    names = layer_names(shown)
    title = "Gradient by layer, through time" + (f" ({len(shown)} of {len(layers)} layers)" if len(shown) < len(layers) else "")
    alt = f"{plural(len(layers), 'layer')} in the order of the network, {words}. " + " ".join(
        f"{name}: {magnitude(at_start(layer, quantity))} at first, {magnitude(at_end(layer, quantity))} at last."
        for name, layer in zip(names, shown, strict=True)
    )
    data = HeatMap(names, [stretch[len(stretch) // 2] for stretch in columns], rows)
    return heat_map(title, alt, view.time, data, words, guides)


def _measured(layers: tuple[Layer, ...]) -> tuple[tuple[Layer, ...], Quantity, str]:
    """The layers with a gradient that was measured, and which: what arrives where every layer has it, else that of the weights."""
    reached = tuple(layer for layer in layers if at_start(layer, ARRIVING) is not None)
    trained = tuple(layer for layer in layers if at_start(layer, OF_WEIGHTS) is not None)
    if len(reached) >= len(trained):
        return reached, ARRIVING, "gradient that arrives, rms"
    return trained, OF_WEIGHTS, "gradient of the weights, rms"


def _some(layers: tuple[Layer, ...], most: int) -> tuple[Layer, ...]:
    """At most so many of them, evenly, the ends included."""
    if len(layers) <= most:
        return layers
    return tuple(layers[round(index * (len(layers) - 1) / (most - 1))] for index in range(most))


def _columns(moments: Sequence[int]) -> list[Sequence[int]]:
    """The measured steps as at most `MOST_COLUMNS` stretches."""
    size = math.ceil(len(moments) / MOST_COLUMNS)
    return [moments[start : start + size] for start in range(0, len(moments), size)]


def _row(layer: Layer, quantity: Quantity, columns: Sequence[Sequence[int]]) -> list[float | None]:
    """The last value in each stretch; a NaN in it is not passed over."""
    values = {moment.step: quantity(moment) for moment in layer.moments}
    return [_told([value for step in stretch if (value := values.get(step)) is not None]) for stretch in columns]


def _told(values: Sequence[float]) -> float | None:
    return next((value for value in values if not math.isfinite(value)), values[-1] if values else None)
