"""The network as stations, the ways between them, and the rails that these are drawn as."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
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


@dataclass(frozen=True, slots=True)
class Ways:
    """Stations in order, and the ways between them as pairs of their indices."""

    stations: tuple[Station, ...]
    ways: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Drafted:
    """Stations in the order in which they were met."""

    stations: list[Station] = field(default_factory=list)
    ways: dict[tuple[int, int], None] = field(default_factory=dict)
    _indices: dict[Hashable, int] = field(default_factory=dict)

    def stop(self, key: Hashable, station: Station) -> int:
        """The index of the station of that key, which is added where it is new."""
        if key not in self._indices:
            self._indices[key] = len(self.stations)
            self.stations.append(station)
        return self._indices[key]


def ways_of(recording: Recording) -> Ways:
    """All graphs of a recording on one map. A layer that several graphs or time steps use is one station; what leads back to an
    earlier station is a way from a later index to an earlier one.
    """
    made = _Drafted()
    for graph in in_order_of_time(recording):
        _add(made, graph, recording)
    for layer in recording.layers:  # what no graph holds
        made.stop(("layer", layer.id), Station("layer", layer.id, ""))
    for site in recording.sites:
        if site.role != "loss":
            made.stop(("site", site.id), Station("site", site.id, ""))
    order = _from_data_to_loss(len(made.stations), made.ways)
    place = {old: new for new, old in enumerate(order)}
    return Ways(tuple(made.stations[old] for old in order), tuple((place[start], place[end]) for start, end in made.ways))


def _from_data_to_loss(stations: int, ways: Iterable[tuple[int, int]]) -> list[int]:
    """Each station after all that lead to it, otherwise as they were met; in a circle the one that was met first comes first."""
    after: dict[int, list[int]] = {}
    waiting = [0] * stations
    for start, end in ways:
        after.setdefault(start, []).append(end)
        waiting[end] += 1
    ready = [station for station in range(stations) if not waiting[station]]
    left = dict.fromkeys(range(stations))
    order = []
    while left:
        station = heappop(ready) if ready else next(iter(left))
        if station in left:
            del left[station]
            order.append(station)
            for end in after.get(station, ()):
                waiting[end] -= 1
                if not waiting[end]:
                    heappush(ready, end)
    return order


def _add(made: _Drafted, graph: Graph, recording: Recording) -> None:
    """The stations of one graph. `reached` holds, for each node, the stations whose values arrive through it."""
    inside_loss = {site.id for site in recording.sites if site.role == "loss"}
    reached: dict[int, frozenset[int]] = {}
    for node in from_data_to_loss(graph):
        sources = frozenset().union(*(reached.get(source, frozenset()) for source in node.inputs))
        stop = _stop(made, node, sources, inside_loss)
        if stop is None:
            reached[node.id] = sources
            continue
        made.ways.update(dict.fromkeys((source, stop) for source in sorted(sources) if source != stop))
        reached[node.id] = frozenset({stop})


def _stop(made: _Drafted, node: Node, sources: frozenset[int], inside_loss: set[int]) -> int | None:
    """The station that a node is; None for one that values only pass through."""
    if node.loss is not None:
        return made.stop(("loss", node.loss), Station("loss", node.loss, node.function or node.operation, node.place))
    if node.layer is not None:
        return made.stop(("layer", node.layer), Station("layer", node.layer, node.operation, node.place))
    if node.site is not None:
        station = Station("site", node.site, node.operation, node.place)
        return None if node.site in inside_loss else made.stop(("site", node.site), station)
    if node.kind in ("pooling", "normalisation", "opaque"):
        name = "opaque" if node.kind == "opaque" else node.function or node.operation
        return made.stop(_key(made, node, sources), Station("passage", 0, name, node.place))
    if node.kind in JOINS and len(sources) > 1 and not all(made.stations[source].kind == "loss" for source in sources):
        sign = "put together" if node.operation in PUT_TOGETHER else JOINS[node.kind]
        return made.stop(_key(made, node, sources), Station("join", 0, sign, node.place))
    return None


def _key(made: _Drafted, node: Node, sources: frozenset[int]) -> Hashable:
    """What tells a nameless station from others: its operation, its line, and the layers and sites right before it.

    Joins before it do not count: in a loop over time steps each join follows the last one, and they are one station.
    """
    named = frozenset(source for source in sources if made.stations[source].kind in ("layer", "site", "loss"))
    place = (node.place.file, node.place.line) if node.place else None
    return node.kind, node.operation, place, named


MOST_LANES = 6
"""Ways beside one another; further ones are counted and not drawn."""


@dataclass(frozen=True, slots=True)
class Rail:
    """What is drawn beside one row."""

    above: bool = False
    """Whether the row is reached straight from the one above it."""
    below: bool = False
    ending: tuple[int, ...] = ()
    """Lanes that come from above and end at this row, 1 next to the rows."""
    starting: tuple[int, ...] = ()
    """Lanes that leave this row downwards."""
    passing: tuple[int, ...] = ()
    """Lanes that pass it by."""
    back: tuple[int, ...] = ()
    """Of all these lanes, those whose way leads upwards: to a station that is used again."""


@dataclass(frozen=True, slots=True)
class Rails:
    """The rails of all rows."""

    rows: tuple[Rail, ...]
    lanes: int
    left_out: int = 0
    """Ways for which there was no lane."""


def rails(rows: int, ways: Sequence[tuple[int, int]]) -> Rails:
    """A rail for each of `rows`; a way is a pair of rows. Neighbours are joined straight, all others by the innermost lane that is free."""
    straight = {start for start, end in ways if end == start + 1}
    free_from = [0] * (MOST_LANES + 1)
    placed: list[tuple[int, int, int, bool]] = []
    left_out = 0
    for top, bottom, back in sorted({(min(way), max(way), way[0] > way[1]) for way in ways if way[1] != way[0] + 1}):
        lane = next((lane for lane in range(1, MOST_LANES + 1) if free_from[lane] <= top), None)
        if lane is None:
            left_out += 1
            continue
        free_from[lane] = bottom
        placed.append((top, bottom, lane, back))
    return Rails(tuple(_rail(row, straight, placed) for row in range(rows)), max((lane for _, _, lane, _ in placed), default=0), left_out)


def _rail(row: int, straight: set[int], placed: Sequence[tuple[int, int, int, bool]]) -> Rail:
    near = [way for way in placed if way[0] <= row <= way[1]]
    return Rail(
        above=row - 1 in straight,
        below=row in straight,
        ending=tuple(lane for _, bottom, lane, _ in near if bottom == row),
        starting=tuple(lane for top, _, lane, _ in near if top == row),
        passing=tuple(lane for top, bottom, lane, _ in near if top < row < bottom),
        back=tuple(lane for _, _, lane, back in near if back),
    )
