"""The order in which values run through the network."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.recording import Graph, Recording, Site


def in_network_order(recording: Recording) -> tuple[Site, ...]:
    """The sites of a recording from the input to the loss, graph by graph in the order they were first seen.

    A site that several graphs share stands where the first has it; one that is in no graph comes last.
    """
    found = {site.id: site for site in recording.sites}
    order: dict[int, None] = {}
    for graph in sorted(recording.graphs, key=lambda graph: (graph.first_step, graph.id)):
        order.update(dict.fromkeys(_sites_of(graph)))
    order.update(dict.fromkeys(found))
    return tuple(found[site] for site in order if site in found)


def _sites_of(graph: Graph) -> Iterator[int]:
    """The ids of a graph's sites, each after everything that it receives values from."""
    nodes = {node.id: node for node in graph.nodes}
    seen: set[int] = set()
    for start in (node.id for node in graph.nodes):
        pending = [(start, False)]
        while pending:
            current, left = pending.pop()
            node = nodes.get(current)
            if node is None:
                continue
            if left and node.site is not None:
                yield node.site
            if not left and current not in seen:
                seen.add(current)
                pending.append((current, True))
                pending.extend((source, False) for source in reversed(node.inputs))
