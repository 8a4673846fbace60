"""Weight layers with only affine operations between, and the one layer that they amount to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reluctant.recording import Layer, Node

from ._graph import Structure, is_affine, is_weight
from ._network import Network

MAPS = frozenset({"linear", "convolution"})
"""Kinds of layer that are affine maps by themselves. A recurrent layer holds activations of its own, an embedding is a table and not
multiplied."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two weight layers that are one affine map."""

    first: Layer
    second: Layer
    parameters: int
    """Of both together."""
    merged: int
    """Of the one layer that does the same."""

    @property
    def is_redundant(self) -> bool:
        """Whether the merged layer is no larger. A factorisation of lower rank, a bottleneck or a depthwise-pointwise pair is smaller
        than it.
        """
        return self.merged <= self.parameters


def affine_pairs(known: Network, straight: frozenset[int] = frozenset()) -> list[Pair]:
    """Every pair of layers that is one affine map in each graph that holds it, nearest to the data first.

    The middle value must have no other use, and neither layer may be used twice or share its weight: such pairs cannot be merged.
    The sites with the ids in `straight` count as affine.
    """
    found: dict[tuple[int, int], Pair] = {}
    refused: set[tuple[int, int]] = set()
    for held in known.structures:
        pairs = (_pair_at(known, held, node, straight) for node in held.order)
        found.update({(pair.first.id, pair.second.id): pair for pair in pairs if pair is not None})
        refused |= {key for key, pair in found.items() if _used_otherwise(held, pair, straight)}
    return [pair for key, pair in found.items() if key not in refused]


def _pair_at(known: Network, held: Structure, node: int, straight: frozenset[int]) -> Pair | None:
    """The pair whose second layer is at `node`; None where there is none."""
    second, before = map_at(known, held.nodes[node]), _only_source(held, node, straight)
    first = map_at(known, held.nodes[before]) if before is not None else None
    if first is None or second is None or before is None or _is_mixed(known, held, before):
        return None
    merged = _merged_size(first, second) if _single(known, held, first) and _single(known, held, second) else None
    return Pair(first, second, size_of(first) + size_of(second), merged) if merged is not None else None


def map_at(known: Network, node: Node) -> Layer | None:
    """The layer at the node, where it is an affine map."""
    layer = known.layers.get(node.layer) if is_weight(node) and node.layer is not None else None
    return layer if layer is not None and layer.kind in MAPS else None


def passes_straight(node: Node) -> bool:
    """Whether the node is affine once training is over; batch normalisation then multiplies by constants."""
    return is_affine(node) or (node.kind == "normalisation" and "batch_norm" in node.operation)


def size_of(layer: Layer) -> int:
    """Number of the layer's parameters."""
    return math.prod(layer.weight_shape) + (layer.fan_out if layer.bias is not None else 0)


def carrying(held: Structure, node: int) -> list[int]:
    """The inputs of the node that are computed, constants and data left out."""
    return [source for source in dict.fromkeys(held.nodes[node].inputs) if source in held.nodes and held.nodes[source].kind != "data"]


def _only_source(held: Structure, node: int, straight: frozenset[int]) -> int | None:
    """The weight node whose values alone reach `node`, by one way without branches; None where there is none."""
    current = node
    while True:
        sources = carrying(held, current)
        if len(sources) != 1 or len(held.consumers[sources[0]]) != 1:
            return None
        current = sources[0]
        if is_weight(held.nodes[current]) and not passes_straight(held.nodes[current]):
            return current
        if not (passes_straight(held.nodes[current]) or held.nodes[current].site in straight):
            return None


def _is_mixed(known: Network, held: Structure, node: int) -> bool:
    """Whether a softmax weighs the rows of the layer's matrix: it then holds the values of an attention or a memory."""
    current = node
    while len(carrying(held, current)) == 1:
        current = carrying(held, current)[0]
        site = known.sites.get(held.nodes[current].site or 0) if held.nodes[current].kind == "activation" else None
        if site is not None:
            return site.operation == "softmax"
        if not is_affine(held.nodes[current]):
            return False
    return False


def _single(known: Network, held: Structure, layer: Layer) -> bool:
    """Whether the layer is used once in the graph and shares its weight with none."""
    weight = known.parameters.get(layer.weight) if layer.weight is not None else None
    uses = sum(1 for spot in known.layer_spots.get(layer.id, ()) if known.structures[spot.graph] is held)
    return uses == 1 and (weight is None or weight.shared <= 1)


def _used_otherwise(held: Structure, pair: Pair, straight: frozenset[int]) -> bool:
    """Whether the graph uses the first layer but leads its values somewhere else than into the second."""
    weights = [node for node in held.order if is_weight(held.nodes[node])]
    sources = {_only_source(held, node, straight) for node in weights if held.nodes[node].layer == pair.second.id}
    return any(node not in sources for node in weights if held.nodes[node].layer == pair.first.id)


def _merged_size(first: Layer, second: Layer) -> int | None:
    """Parameters of the one layer that equals both, with a bias; None where no single layer of these kinds does."""
    if first.transposed or second.transposed:
        return None
    inputs, outputs = inputs_of(first), second.fan_out
    if first.kind == "linear" and second.kind == "linear":
        return inputs * outputs + outputs
    if first.kind == "convolution" and second.kind == "convolution":
        kernel = math.prod(a + b - 1 for a, b in zip(first.weight_shape[2:], second.weight_shape[2:], strict=False))
        groups = first.groups if first.groups == second.groups else 1
        return kernel * inputs * outputs // groups + outputs
    if first.kind == "convolution" and second.kind == "linear":
        positions = second.fan_in / first.fan_out if first.fan_out else 0
        if positions == 1:  # the positions were averaged before
            return math.prod(first.weight_shape[2:]) * inputs * outputs + outputs
        return round(inputs * positions) * outputs + outputs
    return None


def inputs_of(layer: Layer) -> int:
    """Input units of a linear layer, input channels of a convolution."""
    return layer.weight_shape[1] * layer.groups if layer.kind == "convolution" and len(layer.weight_shape) > 1 else layer.fan_in
