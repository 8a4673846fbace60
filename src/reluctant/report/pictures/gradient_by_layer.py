"""How the gradient changes from layer to layer."""

from __future__ import annotations

from reluctant.figures import Axis, Drawing, Line, line_chart
from reluctant.numbers import magnitude
from reluctant.recording import Finding

from ._layer_curves import at_end, at_start, layer_names, named_layers, size_axis
from ._picture import Picture, Scene


class GradientByLayer(Picture):
    """Size of the gradient at the output of each layer, first layer to last, at the first and at the last measured step."""

    order = 20
    evidence = frozenset({"gradient_ratio", "first_gradient_rms"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The curves; None where fewer than two layers were measured."""
        layers = named_layers(finding, scene)
        first = [at_start(layer, lambda moment: moment.output_gradient_rms) for layer in layers]
        last = [at_end(layer, lambda moment: moment.output_gradient_rms) for layer in layers]
        y = size_axis("root mean square", [*first, *last])
        if y is None or len(layers) < 2 or sum(value is not None for value in last) < 2:
            return None
        names = layer_names(layers)
        places = list(range(1, len(layers) + 1))
        ends = [f"{magnitude(sizes[0])} at {names[0]}, {magnitude(sizes[-1])} at {names[-1]}" for sizes in (first, last)]
        alt = f"At the start {ends[0]}; at the end {ends[1]}."
        x = Axis(f"layers in order: {names[0]} to {names[-1]}", 0.5, len(layers) + 0.5)
        lines = [Line("first measured step", places, first, colour=0, dashed=True), Line("last measured step", places, last)]
        return line_chart("Gradient that arrives at each layer", alt, x, y, lines)
