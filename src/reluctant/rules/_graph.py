"""Questions that rules ask of one recorded graph: what comes before what, and what is cut off when a node is taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reluctant.recording import Graph, Node

STRAIGHT_KINDS = frozenset({"affine", "dropout"})
"""Nodes through which a value passes as an affine map.

Dropout is one: at inference it is the identity, in training a random diagonal matrix.
"""


@dataclass(frozen=True, slots=True)
class Structure:
    """A `Graph` with its edges in both directions and its nodes in order from the data to the loss."""

    graph: Graph
    nodes: dict[int, Node]
    consumers: dict[int, tuple[int, ...]]
    order: tuple[int, ...]
    position: dict[int, int]

    def upstream(self, node: int) -> set[int]:
        """Every node whose values reach `node`, without itself."""
        return _closure(node, lambda current: (source for source in self.nodes[current].inputs if source in self.nodes))

    def downstream(self, node: int) -> set[int]:
        """Every node that `node`'s values reach, without itself."""
        return _closure(node, lambda current: self.consumers[current])

    def reached_without(self, removed: Iterable[int]) -> set[int]:
        """The nodes that gradient from the root still reaches when it passes through none of `removed`."""
        blocked = set(removed)
        reached, waiting = set(), [0] if 0 in self.nodes and 0 not in blocked else []
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += [source for source in self.nodes[current].inputs if source in self.nodes and source not in blocked]
        return reached

    def nearest_upstream(self, node: int, wanted: Callable[[Node], bool], through: Callable[[Node], bool]) -> tuple[int, ...]:
        """The nodes fulfilling `wanted` that are met first on the ways back from `node` that lead over `through` alone."""
        found: dict[int, None] = {}
        seen: set[int] = set()
        waiting = list(reversed(self.nodes[node].inputs))
        while waiting:
            current = waiting.pop()
            if current in seen or current not in self.nodes:
                continue
            seen.add(current)
            if wanted(self.nodes[current]):
                found[current] = None
            elif through(self.nodes[current]):
                waiting += reversed(self.nodes[current].inputs)
        return tuple(found)


def build_structure(graph: Graph) -> Structure:
    """The edges of `graph` in both directions; inputs that name no node of it are left out."""
    nodes = {node.id: node for node in graph.nodes}
    consumers: dict[int, list[int]] = {node.id: [] for node in graph.nodes}
    for node in graph.nodes:
        for source in dict.fromkeys(node.inputs):
            if source in consumers:
                consumers[source].append(node.id)
    order = _from_data_to_loss(nodes)
    return Structure(
        graph=graph,
        nodes=nodes,
        consumers={node: tuple(found) for node, found in consumers.items()},
        order=order,
        position={node: position for position, node in enumerate(order)},
    )


def is_affine(node: Node) -> bool:
    """Whether the node is an affine map without weights of its own (view, sum, constant scaling, average pooling, dropout)."""
    return node.kind in STRAIGHT_KINDS


def is_weight(node: Node) -> bool:
    """Whether the node is a layer with weights."""
    return node.kind == "weight"


def _closure(start: int, following: Callable[[int], Iterable[int]]) -> set[int]:
    seen: set[int] = set()
    waiting = list(following(start))
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += following(current)
    seen.discard(start)
    return seen


def _from_data_to_loss(nodes: dict[int, Node]) -> tuple[int, ...]:
    """Ids so that every node comes after its inputs; without recursion, graphs may be thousands of nodes deep."""
    order: dict[int, None] = {}
    opened: set[int] = set()
    for start in nodes:
        waiting = [start]
        while waiting:
            current = waiting[-1]
            pending = [source for source in nodes[current].inputs if source in nodes and source not in opened]
            opened.add(current)
            if pending:
                waiting.append(pending[0])
            else:
                order.setdefault(waiting.pop())
    return tuple(order)
