"""Watches a few passes of a loss that a test makes, and looks things up in the recording."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from reluctant.observe import Observer
from reluctant.recording import Graph, Layer, Loss, Node, Recording, Site


def watched(loss: Callable[[], Tensor], passes: int = 3, update: Callable[[], object] = lambda: None) -> Recording:
    """The recording of `passes` backward passes from what `loss` returns, with every measurement paid for."""
    observer = Observer(free_seconds=1e6)
    observer.attach()
    try:
        for _ in range(passes):
            value = loss()
            value.backward(torch.ones_like(value))
            update()
    finally:
        observer.detach()
    assert observer._guard.error is None, observer._guard.error
    return observer.recording()


def only_graph(recording: Recording) -> Graph:
    """Its graph, where it has one."""
    assert len(recording.graphs) == 1
    return recording.graphs[0]


def chain(recording: Recording) -> list[tuple[str, str]]:
    """(operation, kind) of the nodes from the root along first inputs."""
    graph = only_graph(recording)
    found, at = [], 0 if graph.nodes else None
    while at is not None:
        node = graph.nodes[at]
        found.append((node.operation, node.kind))
        at = node.inputs[0] if node.inputs else None
    return found


def nodes(recording: Recording, operation: str) -> list[Node]:
    """The nodes of one operation."""
    return [node for node in only_graph(recording).nodes if node.operation == operation]


def site(recording: Recording, operation: str) -> Site:
    """The one site of an operation."""
    (found,) = [s for s in recording.sites if s.operation == operation]
    return found


def layer(recording: Recording, name: str) -> Layer:
    """The one layer of a name."""
    (found,) = [entry for entry in recording.layers if entry.name == name]
    return found


def loss(recording: Recording) -> Loss:
    """The one loss."""
    (found,) = recording.losses
    return found
