"""The order in which values run through the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TypeVar

from reluctant.recording import Graph, Layer, Node, Recording, Site

Part = TypeVar("Part")


def in_network_order(recording: Recording) -> tuple[Site, ...]:
    """The sites of a recording from the input to the loss, graph by graph in the order they were first seen.

    A site that several graphs share stands where the first has it; one that is in no graph comes last.
    """
    return _ordered(recording, {site.id: site for site in recording.sites}, attrgetter("site"))


def layers_in_network_order(recording: Recording) -> tuple[Layer, ...]:
    """The layers of a recording, in the order of `in_network_order`."""
    return _ordered(recording, {layer.id: layer for layer in recording.layers}, attrgetter("layer"))


def _ordered(recording: Recording, found: dict[int, Part], of: Callable[[Node], int | None]) -> tuple[Part, ...]:
    """What was found, by its id, in the order of the nodes that hold it."""
    in_graphs = (of(node) for graph in in_order_of_time(recording) for node in from_data_to_loss(graph))
    return tuple(found[part] for part in dict.fromkeys((*in_graphs, *found)) if part in found)


def in_order_of_time(recording: Recording) -> list[Graph]:
    """The graphs in the order in which they were first seen."""
    return sorted(recording.graphs, key=lambda graph: (graph.first_step, graph.id))


def from_data_to_loss(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph, each after everything that it receives values from."""
    nodes = {node.id: node for node in graph.nodes}
    seen: set[int] = set()
    for start in (node.id for node in graph.nodes):
        pending = [(start, False)]
        while pending:
            current, left = pending.pop()
            node = nodes.get(current)
            if node is None:
                continue
            if left:
                yield node
            if not left and current not in seen:
                seen.add(current)
                pending.append((current, True))
                pending.extend((source, False) for source in reversed(node.inputs))
