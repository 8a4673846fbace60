"""RL103 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Recording
from tests.recordings import Stage, stack, window
from tests.rules.cases import Case
from tests.rules.cases.dead_units import RAW, with_input, with_parameter, with_site

ON = Stage("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=40)
BENDING = Stage("fc2", 20, 32, "x = torch.relu(self.fc2(x))")


def on(units: int, *others: Stage, dead: int = 0) -> Recording:
    return stack([replace(ON, always_on=units, dead=dead), *others])


def seen_on(samples: int, first: int) -> Recording:
    return with_site(on(40), recent=window(40, samples, always_on=40, first=first, last=1199))


def smooth(spread: float) -> Recording:
    recording = stack([replace(ON, operation="tanh", always_on=0)])
    assert recording.sites[0].recent is not None
    steady = replace(recording.sites[0].recent, slope_spread=spread)
    moments = tuple(replace(moment, slope_rms=1.0) for moment in recording.sites[0].moments)
    return with_site(recording, recent=steady, moments=moments)


def clamped(operation: str, layer: int | None = 0) -> Recording:
    """The activation is written with ``clamp``."""
    recording = with_site(on(40), operation=operation, layer=layer, parameters={"min": -50.0} if operation == "clamp" else {})
    graph = recording.graphs[0]
    nodes = tuple(replace(node, operation="clamp_min") if node.site == 0 else node for node in graph.nodes)
    return replace(recording, graphs=(replace(graph, nodes=nodes),))


CASES = (
    Case("all on, nothing else bends", on(40), "warning", line=31),
    Case("all on, another bends", on(40, BENDING), "advice"),
    Case("all but one on", on(39)),
    Case("half on, half dead", on(20, dead=20), "warning"),
    Case("half on, half dead but one", on(20, dead=19)),
    Case("all dead is RL202's", on(0, dead=40)),
    Case("99 samples", seen_on(99, 900)),
    Case("100 samples", seen_on(100, 900), "warning"),
    Case("one measured step", seen_on(4000, 1199)),
    Case("slope 1", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": 1.0}), "warning", "activation-choice"),
    Case("slope 0.9", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": 0.9})),
    Case("slope -0.9", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": -0.9})),
    Case("tanh near 0", smooth(0.009), "warning"),
    Case("tanh that bends", smooth(0.011)),
    Case("clamp(min=0) behind a layer", clamped("relu"), "warning"),
    Case("clamp(min=0) behind a distance", clamped("relu", None)),
    Case("a clamp with bounds of its own", clamped("clamp")),
    Case("an output", with_site(on(40), role="output")),
    Case("values are NaN", with_site(on(40), first_non_finite_step=9)),
    Case("high biases", with_parameter(on(40), "fc1.bias", mean=5.0, std=0.1), "warning", "bias-initialisation"),
    Case("raw data", with_input(on(40), RAW), "warning", "input-scale"),
    Case(
        "wide bounds",
        with_site(on(40), operation="hardtanh", parameters={"min_val": -100.0, "max_val": 100.0}),
        "warning",
        "activation-choice",
    ),
)
