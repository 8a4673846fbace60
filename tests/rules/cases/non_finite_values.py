"""RL303 from both sides."""

from __future__ import annotations

import math
from dataclasses import replace

from reluctant.recording import Location, LossPoint, Node, Recording
from tests.recordings import SCRIPT, Stage, stack
from tests.rules.cases import Case
from tests.rules.cases.dead_units import RAW, with_input

NET = stack([Stage(f"fc{index}", 40, 30 + index, "x = torch.relu(fc(x))") for index in (1, 2, 3)])


def lost(first: int | None, sites: dict[int, int], last: bool = True, recording: Recording = NET) -> Recording:
    """The loss is not finite from step `first` on (at that step only, unless `last`), the sites from the steps given by their ids."""
    points = [LossPoint(0, 2.3, 2.3, 2.3)]
    if first is not None:
        points += [
            LossPoint(first, None, None, None, non_finite=1),
            LossPoint(1199, None if last else 1.0, None, None, non_finite=int(last)),
        ]
    curve = replace(recording.loss_curves[0], points=tuple(points), first_non_finite_step=first)
    seen = tuple(replace(site, first_non_finite_step=sites.get(site.id)) for site in recording.sites)
    return replace(recording, sites=seen, loss_curves=(curve,))


def in_backward(operation: str, step: int) -> Recording:
    """The gradient is not finite from `step` on, the loss from 12 on; `operation` stands at line 40 before the loss."""
    recording = lost(12, {0: 12, 1: 12, 2: 12})
    graph = recording.graphs[0]
    nodes = {node.id: node for node in graph.nodes}
    nodes[99] = Node(99, operation, "elementwise", nodes[0].inputs, place=Location(SCRIPT, 40))
    nodes[0] = replace(nodes[0], inputs=(99,))
    layers = tuple(
        replace(
            layer,
            moments=tuple(
                replace(moment, step=index, output_gradient_rms=math.nan if index >= step else 0.01)
                for index, moment in enumerate(layer.moments)
            ),
        )
        for layer in recording.layers
    )
    return replace(recording, layers=layers, graphs=(replace(graph, nodes=tuple(nodes.values())),))


CASES = (
    Case("all finite", lost(None, {})),
    Case("a site that does not reach the loss", lost(None, {1: 10})),
    Case("only the loss", lost(12, {}), "error", line=54),
    Case("the second site first", lost(12, {1: 12, 2: 12}), "error", line=32),
    Case("the third site earlier", lost(12, {1: 12, 2: 11}), "error", line=33),
    Case("all sites at once: the weights were", lost(12, {0: 12, 1: 12, 2: 12}), "error", line=54),
    Case("a root at 0", in_backward("sqrt", 11), "error", "none", line=40),
    Case("the gradient was finite before", in_backward("sqrt", 12), "error", line=54),
    Case("no operation could be to blame", in_backward("sin", 11), "error", line=54),
    Case("finite again later", lost(12, {}, last=False), "warning"),
    Case("raw data", lost(12, {}, recording=with_input(NET, RAW)), "error", "input-scale"),
)
