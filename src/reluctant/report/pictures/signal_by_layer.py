"""How the signal changes from layer to layer at the first step."""

from __future__ import annotations

from reluctant.figures import Axis, Drawing, Line, line_chart
from reluctant.numbers import magnitude
from reluctant.recording import Finding

from ._layer_curves import at_start, layer_names, named_layers, size_axis
from ._picture import Picture, Scene


class SignalByLayer(Picture):
    """Spread of the values over samples at the output of each layer, before training."""

    order = 15
    evidence = frozenset({"signal_ratio", "first_spread"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The curve; None where fewer than two layers were measured."""
        layers = named_layers(finding, scene)
        spreads = [at_start(layer, lambda moment: moment.output_unit_std) for layer in layers]
        measured = [value for value in spreads if value is not None]
        y = size_axis("standard deviation over samples", spreads)
        if y is None or len(measured) < 2:
            return None
        names = layer_names(layers)
        alt = f"From {magnitude(measured[0])} at {names[0]} to {magnitude(measured[-1])} at {names[-1]}."
        x = Axis(f"layers in order: {names[0]} to {names[-1]}", 0.5, len(layers) + 0.5)
        return line_chart("Signal at the first step", alt, x, y, [Line("spread of the values", list(range(1, len(layers) + 1)), spreads)])
