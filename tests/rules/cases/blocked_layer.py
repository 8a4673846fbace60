"""RL202 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Node, Recording, Silence
from tests.recordings import Stage, stack, window
from tests.rules.cases import Case
from tests.rules.cases.dead_units import with_parameter

STAGES = [
    Stage("fc1", 64, 31, "x = torch.relu(self.fc1(x))"),
    Stage("fc2", 32, 32, "x = torch.relu(self.fc2(x))", dead=32),
    Stage("fc3", 16, 33, "x = torch.relu(self.fc3(x))"),
]
BLOCKED = stack(STAGES)


def second(**changes: object) -> Recording:
    return replace(BLOCKED, sites=tuple(replace(site, **changes) if site.id == 1 else site for site in BLOCKED.sites))


def silent_on(samples: int, first: int) -> Recording:
    return second(silences=(Silence(32, first - 1, first, samples),), recent=window(32, samples, 32, first=first, last=1199))


def with_residual(recording: Recording) -> Recording:
    """The blocked activation's output is added to its layer's input before it goes on."""
    graph = recording.graphs[0]
    nodes = {node.id: node for node in graph.nodes}
    blocked = next(node for node in graph.nodes if node.site == 1)
    source = next(node for node in graph.nodes if node.site == 0)
    after = next(node for node in graph.nodes if blocked.id in node.inputs)
    nodes[99] = Node(99, "add", "affine", (blocked.id, source.id))
    nodes[after.id] = replace(after, inputs=(99,))
    return replace(recording, graphs=(replace(graph, nodes=tuple(nodes.values())),))


def as_output(recording: Recording, operation: str) -> Recording:
    """The last activation is the output, behind an affine operation."""
    graph = recording.graphs[0]
    nodes = {node.id: node for node in graph.nodes}
    blocked = next(node for node in graph.nodes if node.site == 1)
    nodes[99] = Node(99, operation, "affine", blocked.inputs)
    nodes[blocked.id] = replace(blocked, inputs=(99,))
    sites = tuple(replace(site, role="output") if site.id == 1 else site for site in recording.sites)
    return replace(recording, sites=sites, graphs=(replace(graph, nodes=tuple(nodes.values())),))


CASES = (
    Case("blocked from the start", BLOCKED, "error", line=32),
    Case("one unit lives", stack([STAGES[0], replace(STAGES[1], dead=31), STAGES[2]])),
    Case("99 samples", silent_on(99, 900), not_judged=True),
    Case("100 samples", silent_on(100, 900), "error"),
    Case("one measured step", silent_on(4000, 1199), not_judged=True),
    Case("a way around it", with_residual(BLOCKED), "warning"),
    Case("a hard tanh", second(operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0}), "error"),
    Case("a tanh is RL203's", second(operation="tanh")),
    Case("a closed gate", second(role="gate", operation="sigmoid")),
    Case("a dead ReLU gate", second(role="gate"), "error"),
    Case("a met hinge", as_output(BLOCKED, "rsub")),
    Case("a dead output", as_output(BLOCKED, "view"), "error", "head-loss-mismatch"),
    Case("low biases", with_parameter(BLOCKED, "fc2.bias", mean=-12.0, std=0.1), "error", "bias-initialisation"),
    Case(
        "a step too large",
        with_parameter(stack([STAGES[0], replace(STAGES[1], silent_from=14), STAGES[2]]), "fc2.bias", largest_update=9.0),
        "error",
        "learning-rate",
    ),
)
