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

RESIZING = ("pool", "upsample", "im2col", "col2im", "pad")
"""Parts of the names of operations that change the positions on which a convolution works."""


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


def affine_pairs(network: Network, straight: frozenset[int] = frozenset()) -> list[Pair]:
    """Every pair of layers that is one affine map in each graph that holds it, nearest to the data first.

    The middle value must have no other use, and neither layer may be used twice or share its weight: such pairs cannot be merged.
    The sites with the ids in `straight` count as affine.
    """
    found: dict[tuple[int, int], Pair] = {}
    refused: set[tuple[int, int]] = set()
    for structure in network.structures:
        pairs = (_pair_at(network, structure, node, straight) for node in structure.order)
        found.update({(pair.first.id, pair.second.id): pair for pair in pairs if pair is not None})
        refused |= {key for key, pair in found.items() if _used_otherwise(structure, pair, straight)}
    return [pair for key, pair in found.items() if key not in refused]


def _pair_at(network: Network, structure: Structure, node: int, straight: frozenset[int]) -> Pair | None:
    """The pair whose second layer is at `node`; None where there is none."""
    second, way = map_at(network, structure.nodes[node]), _way_back(structure, node, straight)
    first = map_at(network, structure.nodes[way[-1]]) if way else None
    if first is None or second is None or _is_mixed(network, structure, way[-1]):
        return None
    resized = any(word in structure.nodes[passed].operation for passed in way[:-1] for word in RESIZING)
    merged = _merged_size(first, second, resized) if _single(network, structure, first) and _single(network, structure, second) else None
    return Pair(first, second, size_of(first) + size_of(second), merged) if merged is not None else None


def map_at(network: Network, node: Node) -> Layer | None:
    """The layer at the node, where it is an affine map."""
    layer = network.layers.get(node.layer) if is_weight(node) and node.layer is not None else None
    return layer if layer is not None and layer.kind in MAPS else None


def passes_straight(node: Node) -> bool:
    """Whether the node is affine once training is over; batch normalisation then multiplies by constants."""
    return is_affine(node) or (node.kind == "normalisation" and "batch_norm" in node.operation)


def size_of(layer: Layer) -> int:
    """Number of the layer's parameters."""
    return math.prod(layer.weight_shape) + (layer.fan_out if layer.bias is not None else 0)


def carrying(structure: Structure, node: int) -> list[int]:
    """The inputs of the node that are computed, constants and data left out."""
    return [
        source
        for source in dict.fromkeys(structure.nodes[node].inputs)
        if source in structure.nodes and structure.nodes[source].kind != "data"
    ]


def _way_back(structure: Structure, node: int, straight: frozenset[int]) -> list[int]:
    """The nodes from `node` back to the weight node whose values alone reach it, by one way without branches; empty where there is none."""
    way: list[int] = []
    current = node
    while True:
        sources = carrying(structure, current)
        if len(sources) != 1 or len(structure.consumers[sources[0]]) != 1:
            return []
        current = sources[0]
        way.append(current)
        if is_weight(structure.nodes[current]) and not passes_straight(structure.nodes[current]):
            return way
        if not (passes_straight(structure.nodes[current]) or structure.nodes[current].site in straight):
            return []


def _is_mixed(network: Network, structure: Structure, node: int) -> bool:
    """Whether a softmax weighs the rows of the layer's matrix: it then holds the values of an attention or a memory."""
    current = node
    while len(carrying(structure, current)) == 1:
        current = carrying(structure, current)[0]
        site = network.sites.get(structure.nodes[current].site or 0) if structure.nodes[current].kind == "activation" else None
        if site is not None:
            return site.operation == "softmax"
        if not is_affine(structure.nodes[current]):
            return False
    return False


def _single(network: Network, structure: Structure, layer: Layer) -> bool:
    """Whether the layer is used once in the graph and shares its weight with none."""
    weight = network.weight_of(layer)
    uses = sum(1 for spot in network.spots(layer) if network.structures[spot.graph] is structure)
    return uses == 1 and (weight is None or weight.shared <= 1)


def _used_otherwise(structure: Structure, pair: Pair, straight: frozenset[int]) -> bool:
    """Whether the graph uses the first layer but leads its values somewhere else than into the second."""
    weights = [node for node in structure.order if is_weight(structure.nodes[node])]
    sources = {
        way[-1] for node in weights if structure.nodes[node].layer == pair.second.id and (way := _way_back(structure, node, straight))
    }
    return any(node not in sources for node in weights if structure.nodes[node].layer == pair.first.id)


def _merged_size(first: Layer, second: Layer, resized: bool) -> int | None:
    """Parameters of the one layer that equals both, with a bias; None where no single layer of these kinds does.

    With `resized`, pooling or upsampling stands between: a kernel wider than one position then does not commute with it.
    """
    if first.transposed or second.transposed or not first.fan_out:
        return None
    inputs, outputs = inputs_of(first), second.fan_out
    positions, rest = divmod(second.fan_in if second.kind == "linear" else inputs_of(second), first.fan_out)
    kernel = math.prod(first.weight_shape[2:]) if first.kind == "convolution" else 1
    if rest or positions == 0:
        return None
    if second.kind == "convolution":
        return _merged_kernels(first, second) if first.kind == "convolution" and positions == 1 and (kernel == 1 or not resized) else None
    if positions == 1:  # units, or channels whose positions were averaged
        return kernel * inputs * outputs + outputs
    return None if resized and kernel > 1 else inputs * positions * outputs + outputs


def _merged_kernels(first: Layer, second: Layer) -> int:
    """Parameters of the one convolution that equals both."""
    kernel = math.prod(a + b - 1 for a, b in zip(first.weight_shape[2:], second.weight_shape[2:], strict=False))
    groups = first.groups if first.groups == second.groups else 1
    return kernel * inputs_of(first) * second.fan_out // groups + second.fan_out


def inputs_of(layer: Layer) -> int:
    """Input units of a linear layer, input channels of a convolution."""
    return layer.weight_shape[1] * layer.groups if layer.kind == "convolution" and len(layer.weight_shape) > 1 else layer.fan_in
