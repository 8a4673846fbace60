"""RL503 from both sides."""

from __future__ import annotations

import math
from dataclasses import replace

from reluctant.recording import Node, Recording
from tests.recordings import Stage, stack
from tests.rules.cases import Case
from tests.rules.cases.dead_units import with_parameter


def selu(*variances: float, dropout: str = "", operation: str = "selu") -> Recording:
    """A stack of SELU layers whose weights have these variances times fan_in, each followed by `dropout`."""
    names = [f"fc{index + 1}" for index in range(len(variances))]
    recording = stack([Stage(name, 64, 21, "layers += [nn.Linear(n, 64), nn.SELU()]", operation=operation) for name in names])
    for name, variance in zip(names, variances, strict=True):
        recording = with_parameter(recording, f"{name}.weight", mean=0.0, std=math.sqrt(variance / 64))
    return with_dropout(recording, dropout) if dropout else recording


def with_dropout(recording: Recording, operation: str) -> Recording:
    """A dropout behind each activation of the first graph."""
    graph = recording.graphs[0]
    behind = {node.id: 1000 + node.id for node in graph.nodes if node.kind == "activation"}
    moved = (replace(node, inputs=tuple(behind.get(source, source) for source in node.inputs)) for node in graph.nodes)
    added = (Node(new, operation, "dropout", (old,)) for old, new in behind.items())
    return replace(recording, graphs=(replace(graph, nodes=(*moved, *added)),))


def behind_normalisation(recording: Recording) -> Recording:
    return replace(recording, layers=tuple(replace(layer, kind="batch_norm") for layer in recording.layers))


CASES = (
    Case("LeCun", selu(1.0, 1.0, 1.0)),
    Case("PyTorch's default", selu(1 / 3, 1 / 3, 1 / 3), "warning", "initialisation", 21),
    Case("He", selu(2.0, 2.0, 2.0), "warning", "initialisation"),
    Case("just above the lower end", selu(0.48, 0.48)),
    Case("just below the lower end", selu(0.47, 0.47), "warning"),
    Case("just below the upper end", selu(1.8, 1.8)),
    Case("just above the upper end", selu(1.82, 1.82), "warning"),
    Case("one layer among several", selu(1.0, 1.0, 1 / 3)),
    Case("one layer alone", selu(1 / 3)),
    Case("behind a normalisation", behind_normalisation(selu(1 / 3, 1 / 3))),
    Case("elu", selu(1 / 3, 1 / 3, operation="elu")),
    Case("alpha dropout", selu(1.0, 1.0, dropout="alpha_dropout")),
    Case("ordinary dropout", selu(1.0, 1.0, dropout="dropout"), "warning", "activation-choice", 21),
    Case("both", selu(1 / 3, 1 / 3, dropout="dropout"), "warning", "initialisation"),
    Case("dropout behind elu", selu(1.0, 1.0, dropout="dropout", operation="elu")),
)
