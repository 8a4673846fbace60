"""Quantities of the layers of a network, in its order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from reluctant.figures import Axis
from reluctant.recording import Finding, Layer, LayerMoment

from .._safe_text import safe
from ._picture import Scene

Quantity = Callable[[LayerMoment], "float | None"]


def named_layers(finding: Finding, scene: Scene) -> tuple[Layer, ...]:
    """The layers that a finding's evidence names, in its order; all of the network's where it names none that are there."""
    names: Any = finding.evidence.get("layers", ())
    by_name = {layer.name: layer for layer in scene.layers}
    found = tuple(by_name[name] for name in names if isinstance(name, str) and name in by_name) if isinstance(names, (list, tuple)) else ()
    return found if len(found) >= 2 else scene.layers


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
