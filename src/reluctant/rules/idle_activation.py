"""RL103: an activation that acts as a straight line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.recording import Cause, Finding, NotJudged, Recording, Site
from reluctant.recording.example import RAW, StackLayer, stack, twice, window, with_input, with_parameter, with_site

from ._causes import why_idle
from ._coverage import unseen_end
from ._network import Network, build_network, label, place_of
from ._rule import Rule
from ._straightness import straight_line
from .testing import Expected, RuleCase


class IdleActivation(Rule):
    """An activation bends nothing: by its parameters, or on every sample that reaches it, it is a straight line.

    ## What it does

    Finds activations that are straight by their parameters (a LeakyReLU of slope 1), and those whose every unit had one and the
    same slope on all samples of the recent part of the run: always on, or always off.

    ## Why is this bad?

    The layers on either side of a straight line are one affine map. Depth that was paid for is not had.

    ## How it decides

    The slope of each unit over at least 100 samples and two measured steps. One unit that changes its slope, and there is no
    finding. A warning where the activation is straight by its parameters, or where no other hidden activation of the network
    bends anything either; advice where others do. Outputs, gates, activations inside a loss or an attention, and clamps that
    only guard against bad values are left out.

    ## Remedy

    Another activation, or other parameters of it, where these make it straight; input and biases of usual size where every unit
    is on because of them.

    ## When to ignore it

    Where the inputs of the layer are positive by nature and the others carry the non-linearity.

    ## References

    Hanin and Rolnick, "Deep ReLU Networks Have Surprisingly Few Activation Patterns", NeurIPS 2019, arXiv:1906.00904.
    """

    code = "RL103"
    severity = "warning"
    follows_from = ("RL502", "RL303", "RL304", "RL305")

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each idle site."""
        network = build_network(recording)
        for site in network.sites_in_order():
            found = straight_line(site) if site.role == "hidden" and not _is_guard(network, site) else None
            if found is None:
                continue
            if not found.by_parameters and (unseen := unseen_end(network, site)):
                yield self.not_judged(unseen)
                continue
            alone = not any(_bends(other) for other in _with(network, site))
            cause = Cause("activation-choice", found.clause) if found.by_parameters else why_idle(network, site)
            yield self.finding(
                f"The {site.operation} after {label(site)} acts as a straight line: {found.clause}."
                + (" No other activation of the network bends anything either." if alone else ""),
                place_of(site),
                severity="warning" if found.by_parameters or alone else "advice",
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={"always_on_units": found.always_on, "dead_units": found.silent, "units": site.units, "samples": found.samples},
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(600, 2)
y = torch.sin(9 * x[:, :1])
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
nn.init.constant_(net[0].bias, 5.0)  # every unit is on for every sample
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("nn.init.constant_(net[0].bias, 5.0)  # every unit is on for every sample\n", "")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        ON = StackLayer("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=40)

        BENDING = StackLayer("fc2", 20, 32, "x = torch.relu(self.fc2(x))")

        def on(units: int, *others: StackLayer, dead: int = 0) -> Recording:
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

        return (
            RuleCase(
                "all on, nothing else bends", on(40),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0, treatments=("normalise", "swap-activation:relu"),
                    message="The relu after fc1 acts as a straight line: 40 of 40 units are on for all of 1,280 samples. No other "
                    "activation of the network bends anything either.",
                    evidence={"always_on_units": 40, "dead_units": 0, "units": 40, "samples": 1280},
                ),
            ),
            RuleCase(
                "all on, another bends", on(40, BENDING),
                Expected(
                    "advice", "none", 31, layer="fc1", site=0,
                    message="The relu after fc1 acts as a straight line: 40 of 40 units are on for all of 1,280 samples.",
                    evidence={"always_on_units": 40, "dead_units": 0, "units": 40, "samples": 1280},
                ),
            ),
            RuleCase("all but one on", on(39)),
            RuleCase(
                "half on, half dead", on(20, dead=20),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0,
                    message="The relu after fc1 acts as a straight line: 20 of 40 units are on for all of 1,280 samples, the other "
                    "20 are silent on all. No other activation of the network bends anything either.",
                    evidence={"always_on_units": 20, "dead_units": 20, "units": 40, "samples": 1280},
                ),
            ),
            RuleCase("half on, half dead but one", on(20, dead=19)),
            RuleCase("all dead is RL202's", on(0, dead=40)),
            RuleCase("99 samples", seen_on(99, 900)),
            RuleCase("100 samples", seen_on(100, 900), Expected("warning", "none", 31)),
            RuleCase("one measured step", seen_on(4000, 1199)),
            RuleCase(
                "slope 1", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": 1.0}),
                Expected(
                    "warning", "activation-choice", 31, layer="fc1", site=0, treatments=("swap-activation:relu",),
                    message="The leaky_relu after fc1 acts as a straight line: leaky_relu with these parameters is a straight line.",
                    evidence={"always_on_units": 40, "dead_units": 0, "units": 40, "samples": 2432},
                    because="leaky_relu with these parameters is a straight line",
                ),
            ),
            RuleCase("slope 0.9", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": 0.9})),
            RuleCase("slope -0.9", with_site(on(0, BENDING), operation="leaky_relu", parameters={"negative_slope": -0.9})),
            RuleCase(
                "tanh near 0", smooth(0.009),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0,
                    message="The tanh after fc1 acts as a straight line: the slope varies by less than 1% over 1,280 samples. No "
                    "other activation of the network bends anything either.",
                    evidence={"always_on_units": 0, "dead_units": 0, "units": 40, "samples": 1280},
                ),
            ),
            RuleCase("tanh that bends", smooth(0.011)),
            RuleCase("clamp(min=0) behind a layer", clamped("relu"), Expected("warning", "none", 31)),
            RuleCase("clamp(min=0) behind a distance", clamped("relu", None)),
            RuleCase("a clamp with bounds of its own", clamped("clamp")),
            RuleCase("an output", with_site(on(40), role="output")),
            RuleCase("values are NaN", with_site(on(40), first_non_finite_step=9)),
            RuleCase(
                "high biases", with_parameter(on(40), "fc1.bias", mean=5.0, std=0.1),
                Expected(
                    "warning", "bias-initialisation", 31, treatments=("reinitialise:he", "normalise"),
                    because="the biases of fc1 start at 5 ± 0.1 where its input spreads a unit's pre-activation by 0.6: no sample "
                    "brings a unit to the other side of 0",
                ),
            ),
            RuleCase(
                "raw data", with_input(on(40), RAW),
                Expected(
                    "warning", "input-scale", 31, treatments=("scale-input", "normalise"),
                    because="fc1 takes raw data (values from 0 to 1,700, mean 120, standard deviation 300; initialisation expects "
                    "about 1): units are off or on for every sample",
                ),
            ),
            RuleCase(
                "wide bounds", with_site(on(40), operation="hardtanh", parameters={"min_val": -100.0, "max_val": 100.0}),
                Expected(
                    "warning", "activation-choice", 31, layer="fc1", site=0,
                    message="The hardtanh after fc1 acts as a straight line: 40 of 40 units are on for all of 1,280 samples. No "
                    "other activation of the network bends anything either.",
                    evidence={"always_on_units": 40, "dead_units": 0, "units": 40, "samples": 1280},
                    because="its bounds lie beyond every value that reaches it",
                ),
            ),
            RuleCase(
                "not measured at the end", with_site(on(40), recent=window(40, 1280, always_on=40, first=300, last=500)),
                not_judged="train.py:31: relu after fc1 was measured last at step 500 of 1,200, so its state at the end is not "
                "known. A larger --budget measures later steps too.",
            ),
            RuleCase(
                "tiny weights", with_parameter(on(40), "fc1.weight", std=0.001),
                Expected(
                    "warning", "initialisation", 31, treatments=("reinitialise:he", "normalise"),
                    because="the weights of fc1 start with standard deviation 0.001 where 64 inputs and the activation ask for 0.18",
                ),
            ),
            RuleCase("two such networks", twice(on(40)), Expected("warning", "none", 31), Expected("warning", "none", 131)),
        )


def _with(network: Network, site: Site) -> list[Site]:
    """The hidden sites of the graphs that hold `site`."""

    def graphs(one: Site) -> set[int]:
        return {spot.graph for spot in network.spots(one)}

    return [other for other in network.recording.sites if other.role == "hidden" and graphs(site) & graphs(other)]


def _is_guard(network: Network, site: Site) -> bool:
    """Whether the site is a clamp that keeps values out of trouble and is meant to be idle: bounds of its own, or no layer before it.

    ``variance.clamp(min=1e-6)`` and ``distance.clamp(min=0).sqrt()`` are guards; ``layer(x).clamp(min=0)`` is a ReLU.
    """
    clamps = any(network.node(spot).operation.startswith("clamp") for spot in network.spots(site))
    return clamps and (site.operation == "clamp" or site.layer is None)


def _bends(site: Site) -> bool:
    return site.operation not in ("softmax", "log_softmax") and straight_line(site) is None
