"""A recording with its sites, layers and parameters found by id, and placed in the graphs they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from reluctant.recording import Layer, Location, Loss, Node, Parameter, Recording, Site

from ._graph import Structure, build_structure


class Spot(NamedTuple):
    """One node of one graph."""

    graph: int
    """Index among the network's structures."""
    node: int


@dataclass(frozen=True, slots=True)
class Network:
    """What a rule looks things up in. Everything here is derived from the recording and from nothing else."""

    recording: Recording
    structures: tuple[Structure, ...]
    sites: dict[int, Site]
    layers: dict[int, Layer]
    parameters: dict[int, Parameter]
    site_spots: dict[int, tuple[Spot, ...]]
    layer_spots: dict[int, tuple[Spot, ...]]

    def node(self, spot: Spot) -> Node:
        """The node at `spot`."""
        return self.structures[spot.graph].nodes[spot.node]

    def position(self, spot: Spot) -> tuple[int, int]:
        """Where `spot` stands in network order."""
        return spot.graph, self.structures[spot.graph].position[spot.node]

    def spots(self, call: Site | Layer) -> tuple[Spot, ...]:
        """Where the graphs have a site or a layer."""
        return (self.site_spots if isinstance(call, Site) else self.layer_spots).get(call.id, ())

    def layer_of(self, site: Site) -> Layer | None:
        """The layer that a site follows."""
        return self.layers.get(site.layer) if site.layer is not None else None

    def weight_of(self, layer: Layer) -> Parameter | None:
        """The weight of a layer, where a parameter is its weight."""
        return self.parameters.get(layer.weight) if layer.weight is not None else None

    def order(self, call: Site | Layer) -> tuple[int, int]:
        """Where a site or a layer stands in network order; what is in no graph comes last."""
        return min(map(self.position, self.spots(call)), default=(len(self.structures), call.id))

    def sites_in_order(self) -> list[Site]:
        """Every site, those nearest to the data first."""
        return sorted(self.recording.sites, key=self.order)

    def layers_in_order(self) -> list[Layer]:
        """Every layer, those nearest to the data first."""
        return sorted(self.recording.layers, key=self.order)

    def connected(self, ones: tuple[Spot, ...], others: tuple[Spot, ...]) -> bool:
        """Whether values flow between any of the one and any of the other spots, in either direction."""
        for one in ones:
            there = {other.node for other in others if other.graph == one.graph}
            if one.node in there:
                return True
            if there:
                structure = self.structures[one.graph]
                if there & structure.upstream(one.node) or there & structure.downstream(one.node):
                    return True
        return False

    def precedes(self, ones: tuple[Spot, ...], others: tuple[Spot, ...]) -> bool:
        """Whether values of any of the one spots flow into any of the other spots."""
        return any(
            one.graph == other.graph and one.node in self.structures[other.graph].upstream(other.node) for other in others for one in ones
        )

    def is_bypassed(self, spots: tuple[Spot, ...]) -> bool:
        """Whether paths join on the way to `spots`: a residual or highway connection then carries the signal past the layers."""
        for spot in spots:
            structure = self.structures[spot.graph]
            for node in structure.upstream(spot.node):
                joined = [
                    source
                    for source in structure.nodes[node].inputs
                    if source in structure.nodes and structure.nodes[source].kind != "data"
                ]
                if structure.nodes[node].kind == "affine" and len(set(joined)) > 1:
                    return True
        return False

    def layers_before(self, spots: tuple[Spot, ...]) -> Iterator[Layer]:
        """The layers whose values reach any of `spots`, those nearest to the data first, each once."""
        found: dict[int, None] = {}
        for spot in spots:
            structure = self.structures[spot.graph]
            for node in sorted(structure.upstream(spot.node), key=structure.position.__getitem__):
                layer = structure.nodes[node].layer
                if layer is not None and layer in self.layers:
                    found[layer] = None
        return (self.layers[layer] for layer in found)

    def graph_ids(self, spots: tuple[Spot, ...]) -> set[int]:
        """Ids of the recorded graphs in which `spots` lie."""
        return {self.structures[spot.graph].graph.id for spot in spots}

    def losses_after(self, spots: tuple[Spot, ...]) -> list[Loss]:
        """The losses that any of `spots` feeds; those of the whole graph where the loss has no node of its own."""
        found = []
        for loss in self.recording.losses:
            for spot in spots:
                structure = self.structures[spot.graph]
                if structure.graph.id == loss.graph and (
                    loss.node not in structure.nodes or spot.node in structure.upstream(loss.node) | {loss.node}
                ):
                    found.append(loss)
                    break
        return found


_latest: Network | None = None


def build_network(recording: Recording) -> Network:
    """The `Network` of `recording`; asked again for the same object, it is not built again."""
    global _latest
    latest = _latest  # read once: another thread may put that of its own recording there meanwhile
    if latest is None or latest.recording is not recording:
        latest = _latest = _build(recording)
    return latest


def place_of(thing: Site | Layer | Loss) -> Location:
    """The line a user would edit, or an empty location where it is not known."""
    if isinstance(thing, Loss):
        return thing.place or thing.built or Location("", 0)
    return thing.place or thing.called or thing.built or Location("", 0)


def where(thing: Site | Layer | Loss) -> str:
    """``train.py:32``: where it is, as a sentence names it."""
    place = place_of(thing)
    return f"{PurePath(place.file).name}:{place.line}" if place.line else "somewhere in the script"


def label(thing: Site | Layer) -> str:
    """How a message names a layer, or the layer that a site follows; one that a container numbers is ``layer 2``."""
    return numbered(thing.after or "its layer") if isinstance(thing, Site) else numbered(thing.name or "a layer")


def numbered(name: str) -> str:
    """A layer's name, with the word before it where the name is a number."""
    return f"layer {name}" if name.isdecimal() else name


def _build(recording: Recording) -> Network:
    structures = tuple(build_structure(graph) for graph in recording.graphs)
    site_spots: dict[int, list[Spot]] = defaultdict(list)
    layer_spots: dict[int, list[Spot]] = defaultdict(list)
    for index, structure in enumerate(structures):
        for number in structure.order:
            node = structure.nodes[number]
            if node.site is not None:
                site_spots[node.site].append(Spot(index, number))
            if node.layer is not None:
                layer_spots[node.layer].append(Spot(index, number))
    return Network(
        recording=recording,
        structures=structures,
        sites={site.id: site for site in recording.sites},
        layers={layer.id: layer for layer in recording.layers},
        parameters={parameter.id: parameter for parameter in recording.parameters},
        site_spots={site: tuple(spots) for site, spots in site_spots.items()},
        layer_spots={layer: tuple(spots) for layer, spots in layer_spots.items()},
    )
