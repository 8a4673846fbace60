"""Whether what enters a network from the data has a scale that weights at their usual size can work with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reluctant.numbers import size
from reluctant.recording import InputStatistics, Layer

from ._graph import is_affine
from ._layer_chain import TRANSFORMING
from ._network import Network, Spot, label

LARGE_SCALE = 10.0
"""Root mean square from which an input counts as too large: ten times the unit scale that initialisations are derived for
(LeCun et al. 1998, section 4.3), which is also ten times what a sigmoid or tanh takes before it goes flat."""

LARGE_OFFSET = 10.0
"""How far features may lie from 0, in units of their own spread. A unit's pre-activation is then offset from 0 by about as many of
its own spreads, and from 10 of them 8 % of units cross 0 at all."""


@dataclass(frozen=True, slots=True)
class Unscaled:
    """A layer that takes data whose scale or offset is out of range."""

    layer: Layer
    scale: float
    """Root mean square of the data."""
    offset: float
    """Root mean square of the features' means over the root mean square of their spreads."""

    def __str__(self) -> str:
        seen = self.layer.input
        assert seen is not None
        values = f"values from {size(seen.minimum)} to {size(seen.maximum)}, mean {size(seen.mean)}, standard deviation {size(seen.std)}"
        name = label(self.layer) if self.layer.name else "the first layer"
        if self.scale > LARGE_SCALE:
            return f"{name} takes raw data ({values}; initialisation expects about 1)"
        return f"{name} takes data that lie {size(self.offset)} times their own spread away from 0 ({values})"


def scale_and_offset(seen: InputStatistics) -> tuple[float, float]:
    """The root mean square of the data, and how far features lie from 0 in units of their spread.

    One-hot columns and a single feature with a large mean leave the offset small; a common offset does not.
    """
    scale = math.hypot(seen.mean, seen.std)
    means = math.hypot(seen.mean, seen.feature_means_std)
    spread = math.sqrt(max(seen.std**2 - seen.feature_means_std**2, 0.0))
    return scale, means / spread if spread > 1e-6 * max(means, 1e-30) else 0.0


def unscaled(network: Network, layer: Layer) -> Unscaled | None:
    """How the data that enter `layer` are out of range; None where they are not, or where a normalisation follows at once."""
    seen = layer.input
    if seen is None or layer.kind not in TRANSFORMING or seen.samples == 0:
        return None
    scale, offset = scale_and_offset(seen)
    if not math.isfinite(scale) or (scale <= LARGE_SCALE and offset <= LARGE_OFFSET):
        return None
    return None if _normalised_at_once(network, layer) else Unscaled(layer, scale, offset)


def unscaled_before(network: Network, spots: tuple[Spot, ...]) -> Unscaled | None:
    """The first layer at or before `spots` that takes unscaled data with no normalisation on the way."""
    for layer in network.layers_before(spots):
        found = unscaled(network, layer)
        if found is not None and not _normalisation_between(network, layer, spots):
            return found
    return None


def _normalised_at_once(network: Network, layer: Layer) -> bool:
    """Whether the layer's values meet a normalisation before anything that is not affine."""
    for spot in network.spots(layer):
        structure = network.structures[spot.graph]
        waiting, seen = list(structure.consumers[spot.node]), set()
        while waiting:
            current = waiting.pop()
            node = structure.nodes[current]
            if node.kind == "normalisation":
                return True
            if current not in seen and is_affine(node):
                seen.add(current)
                waiting += structure.consumers[current]
    return False


def _normalisation_between(network: Network, layer: Layer, spots: tuple[Spot, ...]) -> bool:
    """Whether every way from the layer to `spots` leads through a normalisation."""
    for spot in spots:
        structure = network.structures[spot.graph]
        starts = {one.node for one in network.spots(layer) if one.graph == spot.graph}
        waiting, seen = [spot.node], set()
        while waiting:
            current = waiting.pop()
            if current in starts:
                return False
            if current in seen or current not in structure.nodes or structure.nodes[current].kind == "normalisation":
                continue
            seen.add(current)
            waiting += structure.nodes[current].inputs
    return True
