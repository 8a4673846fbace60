"""Reads the graph that autograd keeps for one backward call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

from reluctant.instrument import torch_private

ACCUMULATE = "torch::autograd::AccumulateGrad"


@dataclass(slots=True)
class RawNode:
    """One autograd node and the positions of the nodes it hands its gradient to (None: an input without gradient)."""

    node: Node
    name: str
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    """For each input, which output of that node it was."""

    @property
    def is_python(self) -> bool:
        """Whether an autograd Function made it: a user's, or one that torch is built with."""
        return issubclass(type(self.node), BackwardCFunction)


@dataclass(slots=True)
class RawGraph:
    """The nodes of one backward call in topological order: the roots first, every node before those it hands gradient to."""

    nodes: list[RawNode]
    roots: tuple[int, ...]
    leaves: dict[int, int]
    """Number of the leaf that each node of kind `ACCUMULATE` hands its gradient to, by position."""
    signature: int
    """Equal for two passes with the same operations on the same parameters, whatever their batch size."""
    truncated: bool

    @property
    def device(self) -> str:
        """Where the root lives."""
        metadata = torch_private.INPUT_METADATA.of(self.nodes[0].node) if self.nodes else None
        return str(metadata[0].device) if metadata else "cpu"


def read_graph(roots: Iterable[torch.Tensor], numbers: Callable[[list[torch.Tensor], int], list[int]], limit: int = 20_000) -> RawGraph:
    """Walk from the tensors that backward was called on. Nothing is unpacked and no tensor is touched.

    `numbers` numbers the leaves of a graph, given with a hash of its structure.
    """
    starts = [t.grad_fn for t in roots if isinstance(t, torch.Tensor) and t.grad_fn is not None]
    order, truncated = _topological(starts, limit)
    position = {node: i for i, node in enumerate(order)}
    nodes, parts = [], []
    for node in order:
        edges = node.next_functions
        inputs = tuple(position.get(f) if f is not None else None for f, _ in edges)
        outputs = tuple(n for _, n in edges)
        name = node.name()
        nodes.append(RawNode(node, name, inputs, outputs))
        parts.append((name, inputs, outputs))
    structure = hash(tuple(parts))
    places = [i for i, node in enumerate(nodes) if node.name == ACCUMULATE]
    leaves = numbers([nodes[i].node.variable for i in places], structure)  # type: ignore[attr-defined]  # these nodes have one
    signature = hash((structure, tuple(leaves)))
    return RawGraph(nodes, tuple(position[s] for s in starts), dict(zip(places, leaves, strict=True)), signature, truncated)


def _topological(starts: list[Node], limit: int) -> tuple[list[Node], bool]:
    """Reverse post-order of a depth-first walk, without recursion."""
    done: list[Node] = []
    seen: set[Node] = set()
    truncated = False
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(start.next_functions))]
        while stack:
            node, edges = stack[-1]
            for child, _ in edges:
                if child is not None and child not in seen:
                    if len(seen) >= limit:
                        truncated = True
                        continue
                    seen.add(child)
                    stack.append((child, iter(child.next_functions)))
                    break
            else:
                done.append(node)
                stack.pop()
    done.reverse()
    return done, truncated
