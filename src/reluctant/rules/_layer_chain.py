"""The layers of a network from the data to the loss, and how a quantity changes along them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from reluctant.recording import Layer, Node

from ._graph import Structure, is_weight
from ._network import Network

TRANSFORMING = frozenset({"linear", "convolution", "recurrent"})
"""Kinds of layer that map one set of units to another; normalisation scales units, and a table of embeddings has no input to shrink."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A stretch of consecutive layers over which a positive quantity shrinks or grows."""

    layers: tuple[Layer, ...]
    values: tuple[float, ...]
    """The quantity at each of the layers."""

    @property
    def ratio(self) -> float:
        """Last value over first."""
        return self.values[-1] / self.values[0]

    @property
    def per_layer(self) -> float:
        """Geometric mean of the factor from layer to layer."""
        return float(self.ratio ** (1.0 / (len(self.values) - 1)))

    @property
    def largest_part(self) -> float:
        """Share of the whole change, in logarithms, that its largest single step makes up: near 1 for one jump, small for a trend."""
        logs = [math.log(value) for value in self.values]
        whole = abs(logs[-1] - logs[0])
        sign = 1.0 if logs[-1] > logs[0] else -1.0
        return max(sign * (after - before) for before, after in pairwise(logs)) / whole if whole else 1.0


def layer_chains(network: Network) -> list[tuple[Structure, list[Layer]]]:
    """For each graph its longest chain of transforming layers, the layer nearest to the data first, each layer once.

    A layer that is used at every time step stands once: its moments are pooled over the uses.
    """
    return [(structure, layers) for structure in network.structures if len(layers := _longest_chain(structure, network)) >= 2]


def rise(layers: Sequence[Layer], values: Sequence[float | None], *, least: int) -> Trend | None:
    """The stretch of at least `least` layers over which the value grows most, towards the loss; None where it grows nowhere.

    Layers whose value is missing, 0 or not finite end a stretch.
    """
    grown = max(_ends(layers, values, least), key=lambda ends: ends.ratio, default=None)
    return grown.trend() if grown is not None and grown.ratio > 1 else None


def decline(layers: Sequence[Layer], values: Sequence[float | None], *, least: int) -> Trend | None:
    """The stretch over which the value shrinks most, under the terms of `rise`."""
    shrunk = min(_ends(layers, values, least), key=lambda ends: ends.ratio, default=None)
    return shrunk.trend() if shrunk is not None and shrunk.ratio < 1 else None


class _Ends(NamedTuple):
    """The first and the last layer of a stretch that might be the steepest; the layers between are read only where it is."""

    ratio: float
    stretch: list[tuple[Layer, float]]
    start: int
    end: int

    def trend(self) -> Trend:
        layers, values = zip(*self.stretch[self.start : self.end + 1], strict=True)
        return Trend(layers, values)


def _ends(layers: Sequence[Layer], values: Sequence[float | None], least: int) -> Iterator[_Ends]:
    for stretch in _stretches(layers, values):
        for start in range(len(stretch) - least + 1):
            for end in range(start + least - 1, len(stretch)):
                yield _Ends(stretch[end][1] / stretch[start][1], stretch, start, end)


def _stretches(layers: Sequence[Layer], values: Sequence[float | None]) -> list[list[tuple[Layer, float]]]:
    found: list[list[tuple[Layer, float]]] = [[]]
    for layer, value in zip(layers, values, strict=True):
        if value is not None and value > 0 and math.isfinite(value):
            found[-1].append((layer, value))
        elif found[-1]:
            found.append([])
    return found


def _longest_chain(structure: Structure, network: Network) -> list[Layer]:
    def transforms(node: Node) -> bool:
        layer = network.layers.get(node.layer) if node.layer is not None else None
        return is_weight(node) and layer is not None and layer.kind in TRANSFORMING

    length: dict[int, int] = {}
    before: dict[int, int] = {}
    for node in structure.order:  # the inputs of a node come before it
        reached = [source for source in structure.nodes[node].inputs if source in length]
        longest = max(reached, key=length.__getitem__, default=None)
        length[node] = (length[longest] if longest is not None else 0) + transforms(structure.nodes[node])
        if longest is not None:
            before[node] = longest
    chain: list[int] = []
    current: int | None = 0 if 0 in length else None
    while current is not None:
        if transforms(structure.nodes[current]):
            chain.append(current)
        current = before.get(current)
    ids = dict.fromkeys(layer for node in reversed(chain) if (layer := structure.nodes[node].layer) is not None)
    return [network.layers[layer] for layer in ids]
