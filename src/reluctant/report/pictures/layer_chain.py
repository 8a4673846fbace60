"""Layers in series with nothing between them that bends."""

from __future__ import annotations

from reluctant.figures import Drawing, chain
from reluctant.numbers import count, plural
from reluctant.recording import Finding

from .._safe_text import safe
from ._picture import Picture, RecordingView


class LayerChain(Picture):
    """The layers that act as one, and the one layer that does the same."""

    order = 17
    evidence = frozenset({"merged_parameters", "idle_activations"})
    example = Finding("RL102", "", "error", "", evidence={"layers": ["fc1", "fc2"], "parameters": 90, "merged_parameters": 40})
    example_alt = "90 parameters in 2 layers: fc1, fc2. They do what one layer of 40 parameters does."

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The chain; None where the evidence names fewer than two layers."""
        named = finding.evidence.get("layers")
        if not isinstance(named, (list, tuple)) or len(named) < 2:
            return None
        shapes = {layer.name: layer.weight_shape for layer in view.layers}
        boxes = [(safe(str(name)), _shape(shapes.get(str(name), ()))) for name in named]
        parameters, merged = finding.evidence.get("parameters"), finding.evidence.get("merged_parameters")
        sizes = f"{count(parameters)} parameters" if isinstance(parameters, int) else plural(len(named), "layer")
        one = f"one layer of {count(merged)} parameters" if isinstance(merged, int) else "one affine map"
        alt = f"{sizes} in {plural(len(named), 'layer')}: {', '.join(name for name, _ in boxes)}. They do what {one} does."
        return chain("Layers that act as one", alt, boxes, f"= {one}")


def _shape(shape: tuple[int, ...]) -> str:
    return f"{count(shape[1])} → {count(shape[0])}" if len(shape) >= 2 else ""
