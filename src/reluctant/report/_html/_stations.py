"""The network as stations and the ways between them: layers, activations, joins and losses; what is between them is left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from reluctant.recording import Graph, Location, Node, Recording

from .._network_order import from_data_to_loss, in_order_of_time

Kind = Literal["layer", "site", "loss", "join", "passage"]
"""``join``: paths that are added, multiplied or put together. ``passage``: pooling, normalisation, and what could not be seen into."""

JOINS = {"product": "×", "affine": "+"}
PUT_TOGETHER = frozenset({"cat", "stack", "concat", "concatenate"})


@dataclass(frozen=True, slots=True)
class Station:
    """One stop on the way from the data to the loss."""

    kind: Kind
    id: int
    """Of the layer, the site or the loss; 0 for the others."""
    name: str
    """Of the operation."""
    place: Location | None = None


@dataclass(slots=True)
class Ways:
    """Stations in order, and the ways between them as pairs of their indices."""

    stations: list[Station] = field(default_factory=list)
    ways: list[tuple[int, int]] = field(default_factory=list)
    _indices: dict[Hashable, int] = field(default_factory=dict)

    def stop(self, key: Hashable, station: Station) -> int:
        """The index of the station of that key, which is added where it is new."""
        if key not in self._indices:
            self._indices[key] = len(self.stations)
            self.stations.append(station)
        return self._indices[key]

    def connect(self, sources: Iterator[int] | frozenset[int], target: int) -> None:
        """Add ways to a station."""
        for source in sources:
            if source != target and (source, target) not in self.ways:
                self.ways.append((source, target))


def ways_of(recording: Recording) -> Ways:
    """All graphs of a recording on one map. A layer that several graphs or time steps use is one station; what leads back to an
    earlier station is a way from a later index to an earlier one.
    """
    made = Ways()
    seen: set[tuple[int, int]] = set()
    for graph in in_order_of_time(recording):
        _add(made, graph, recording, seen)
    for kind, ids in (("layer", [layer.id for layer in recording.layers]), ("site", [site.id for site in recording.sites])):
        for each in ids:  # what no graph holds
            made.stop((kind, each), Station(kind, each, ""))  # type: ignore[arg-type]
    return made


def _add(made: Ways, graph: Graph, recording: Recording, seen: set[tuple[int, int]]) -> None:
    """The stations of one graph. `reached` holds, for each node, the stations whose values arrive through it."""
    inside_loss = {site.id for site in recording.sites if site.role == "loss"}
    reached: dict[int, frozenset[int]] = {}
    for node in from_data_to_loss(graph):
        sources = frozenset().union(*(reached.get(source, frozenset()) for source in node.inputs))
        stop = _stop(made, node, sources, inside_loss)
        if stop is None:
            reached[node.id] = sources
            continue
        for source in sources:
            if source != stop and (source, stop) not in seen:
                seen.add((source, stop))
                made.ways.append((source, stop))
        reached[node.id] = frozenset({stop})


def _stop(made: Ways, node: Node, sources: frozenset[int], inside_loss: set[int]) -> int | None:
    """The station that a node is; None for one that values only pass through."""
    if node.loss is not None:
        return made.stop(("loss", node.loss), Station("loss", node.loss, node.function or node.operation, node.place))
    if node.layer is not None:
        return made.stop(("layer", node.layer), Station("layer", node.layer, node.operation, node.place))
    if node.site is not None:
        return None if node.site in inside_loss else made.stop(("site", node.site), Station("site", node.site, node.operation, node.place))
    if node.kind in ("pooling", "normalisation", "opaque"):
        return made.stop(_key(made, node, sources), Station("passage", 0, node.operation, node.place))
    if node.kind in JOINS and len(sources) > 1 and not all(made.stations[source].kind == "loss" for source in sources):
        sign = "put together" if node.operation in PUT_TOGETHER else JOINS[node.kind]
        return made.stop(_key(made, node, sources), Station("join", 0, sign, node.place))
    return None


def _key(made: Ways, node: Node, sources: frozenset[int]) -> Hashable:
    """What tells a nameless station from others: its operation, its line, and the layers and sites right before it.

    Joins before it do not count: in a loop over time steps each join follows the last one, and they are one station.
    """
    named = frozenset(source for source in sources if made.stations[source].kind in ("layer", "site", "loss"))
    place = (node.place.file, node.place.line) if node.place else None
    return node.kind, node.operation, place, named
