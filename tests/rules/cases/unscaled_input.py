"""RL304 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import InputStatistics, Node, Recording
from tests.recordings import Stage, stack, window
from tests.rules.cases import Case
from tests.rules.cases.dead_units import with_input, with_site

NET = stack([Stage("fc1", 40, 31, "x = torch.relu(self.fc1(x))"), Stage("fc2", 20, 32, "x = torch.relu(self.fc2(x))")])


def data(mean: float, std: float, means_std: float = 0.0) -> InputStatistics:
    return InputStatistics(
        2432, 64, mean, std, mean - 3 * std, mean + 3 * std, abs(mean) + means_std, std, std, abs(mean) / std, feature_means_std=means_std
    )


def fed(seen: InputStatistics, driven: int = 40) -> Recording:
    """The network on such data; `driven` of its 40 first units are on or off for all samples of the first step."""
    start = window(40, 64, dead=driven // 2, always_on=driven - driven // 2, first=0, last=0)
    return with_site(with_input(NET, seen), start=start)


def normalised(recording: Recording) -> Recording:
    """A batch normalisation stands between the first layer and its activation."""
    graph = recording.graphs[0]
    nodes = {node.id: node for node in graph.nodes}
    activation = next(node for node in graph.nodes if node.site == 0)
    nodes[99] = Node(99, "native_batch_norm", "normalisation", activation.inputs)
    nodes[activation.id] = replace(activation, inputs=(99,))
    return replace(recording, graphs=(replace(graph, nodes=tuple(nodes.values())),))


def diverged(recording: Recording) -> Recording:
    curve = recording.loss_curves[0]
    points = (*curve.points[:5], replace(curve.points[5], mean=None, non_finite=1))
    return replace(recording, loss_curves=(replace(curve, points=points, first_non_finite_step=curve.points[5].step),))


def embedded(recording: Recording) -> Recording:
    first, *others = recording.layers
    return replace(recording, layers=(replace(first, kind="embedding"), *others))


CASES = (
    Case("standardised", fed(data(0.0, 1.0))),
    Case("pixels from 0 to 1", fed(data(0.3, 0.37, 0.26))),
    Case("just in range", fed(data(0.0, 9.9))),
    Case("just out of range", fed(data(0.0, 10.1)), "warning", "input-scale", line=31),
    Case("out of range, without harm", fed(data(0.0, 10.1), driven=2), "advice"),
    Case("19 of 40 units driven", fed(data(0.0, 300.0), driven=19), "advice"),
    Case("20 of 40 units driven", fed(data(0.0, 300.0), driven=20), "warning"),
    Case("9 spreads from 0", fed(data(4.5, 0.5))),
    Case("11 spreads from 0", fed(data(5.5, 0.5)), "warning"),
    Case("out of range, diverged", diverged(fed(data(0.0, 300.0), driven=0)), "warning"),
    Case("normalised at once", normalised(fed(data(0.0, 300.0)))),
    Case("token numbers", embedded(fed(data(500.0, 300.0)))),
)
