"""What enters the network, against what its initialisation expects."""

from __future__ import annotations

from reluctant.figures import Drawing, Extent, range_chart
from reluctant.numbers import value
from reluctant.recording import Finding

from ._picture import Picture, Scene


class InputRange(Picture):
    """The values that enter a layer from the data, beside values of mean 0 and standard deviation 1."""

    order = 18
    evidence = frozenset({"input_rms", "input_minimum"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The chart; None where nothing is known of what enters the layer."""
        seen = next((layer.input for layer in scene.recording.layers if layer.input is not None and layer.name == finding.layer), None)
        if seen is None:
            return None
        extents = [
            Extent("initialisation expects about", -3.0, 3.0, (-1.0, 1.0), 0.0, allowed=True),
            Extent("what enters", seen.minimum, seen.maximum, (seen.mean - seen.std, seen.mean + seen.std), seen.mean),
        ]
        alt = (
            f"Values from {value(seen.minimum)} to {value(seen.maximum)}, mean {value(seen.mean)}, standard deviation {value(seen.std)}; "
            "expected are a mean of 0 and a standard deviation of 1."
        )
        return range_chart("What enters the network", alt, "value", extents)
