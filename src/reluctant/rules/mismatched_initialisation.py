"""RL305: weights that start at a scale with which the signal fades or swells from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.numbers import share, size
from reluctant.recording import Cause, Finding, Layer, NotJudged, Recording, Severity, Site
from reluctant.recording.example import deep, ending, geometric, twice

from ._activation_at import gain, is_bounded
from ._initialisation import SCALE_TOO_LARGE, asked_gain, first_spread, initialised_at, ratio_to_gain
from ._input_scale import unscaled_before
from ._layer_chain import Trend, decline, layer_chains, rise
from ._network import Network, build_network, label
from ._progress import Progress, is_solved, progress
from ._rule import Rule
from .testing import Expected, RuleCase

EXPANDS = 0.5
"""Gain below which the activation by itself makes the signal swell; with their default parameters all of the catalogue stay above it."""


class MismatchedInitialisation(Rule):
    """At the first step the signal fades or swells from layer to layer, against what the activation's gain asks of the weights.

    ## What it does

    Measures at the first step, layer by layer, how far the pre-activations of a unit spread over the samples, and compares the
    weights with the gain that keeps this spread: √2/√n for a ReLU with n inputs.

    ## Why is this bad?

    What tells one input from another is that spread. Where every layer multiplies it by 0.4, a dozen layers leave a
    hundred-thousandth: the output is the same for all inputs, biases decide which units are on, and the gradient fades alike.
    Where every layer multiplies it by 5, the first updates are as much too large, and the loss becomes NaN or Inf.

    ## How it decides

    The spread must change by `drift` or more over three layers or more, steadily (no single step makes up more than `jump` of
    it: a head that starts at or near 0 on purpose is one step). Where it fades, the weights must account for at least
    `weight_part` of that; where the rest, the slope of a sigmoid, is to blame, RL301 says so. A single layer is called where
    its weights are three times the gain or more and put `flat_share` of a bounded activation's inputs on the flat part at once.
    Shallow stacks lose little and are left alone. An error where the loss became NaN or Inf or hardly falls, advice where it
    fell by half all the same, since an adaptive optimizer can make up for much.

    ## Remedy

    Initialise for the activation: He for ReLU and its relatives, Glorot for tanh, LeCun for SELU. In residual networks scale
    the last layer of each branch down with depth, or normalise.

    ## When to ignore it

    Where the loss falls as it should.

    ## References

    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998. Glorot and Bengio, AISTATS 2010. He, Zhang, Ren and Sun, "Delving
    Deep into Rectifiers", ICCV 2015, arXiv:1502.01852, section 2.2. Poole et al., "Exponential expressivity in deep neural
    networks through transient chaos", NeurIPS 2016, arXiv:1606.05340. Zhang, Dauphin and Ma, "Fixup Initialization", ICLR 2019,
    arXiv:1901.09321.
    """

    code = "RL305"
    severity = "warning"
    follows_from = ("RL502",)

    drift: float = 100.0
    """By this factor. torch's default weights and ReLUs need six layers for it: no shallow network is called."""
    least_layers: int = 3
    """Two factors at least: less is no trend."""
    jump: float = 0.6
    """Largest share of the drift that one step may make up."""
    flat_share: float = 0.5
    """Share of a bounded activation's inputs on its flat part at the first step; at the gain that a tanh asks for, a fifth are."""
    weight_part: float = 0.5
    """Share of a fading, in logarithms, that weights below the gain must explain."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """At most one finding for each network and direction."""
        network = build_network(recording)
        reported: set[int] = set()
        for structure, layers in layer_chains(network):
            spreads = [first_spread(layer) for layer in layers]
            for trend in (decline(layers, spreads, least=self.least_layers), rise(layers, spreads, least=self.least_layers)):
                if trend is None or not self._out_of_hand(trend) or reported & {layer.id for layer in trend.layers}:
                    continue
                if trend.ratio < 1 and _lost_by_weights(network, trend) < self.weight_part:
                    continue
                reported |= {layer.id for layer in trend.layers}
                yield self._over_layers(network, trend, progress(network, {structure.graph.id}))

        for site in network.sites_in_order():
            layer = network.layer_of(site)
            if layer is not None and layer.id not in reported and self._starts_flat(network, site, layer):
                reported.add(layer.id)
                yield self._at_one(network, site, layer)

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = (x[:, 0] * x[:, 1] > 0).long()
layers = [nn.Linear(10, 32), nn.ReLU()]
for _ in range(11):
    layers += [nn.Linear(32, 32), nn.ReLU()]  # torch's default weights are too small for a ReLU
net = nn.Sequential(*layers, nn.Linear(32, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(100):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("  # torch's default weights are too small for a ReLU", "").replace(
        "optimizer = ",
        'for layer in net[::2]:\n    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")\n'
        "    nn.init.zeros_(layer.bias)\noptimizer = ",
    )

    def _out_of_hand(self, trend: Trend) -> bool:
        return max(trend.ratio, 1 / trend.ratio) >= self.drift and trend.largest_part <= self.jump

    def _starts_flat(self, network: Network, site: Site, layer: Layer) -> bool:
        """Whether weights far above the gain, and not the data, put most of a bounded activation's inputs on its flat part at the start."""
        if site.role != "hidden" or not is_bounded(site) or not site.moments or site.moments[0].flat_share < self.flat_share:
            return False
        large = (ratio_to_gain(network, layer) or 0.0) >= SCALE_TOO_LARGE
        return large and unscaled_before(network, network.spots(site)) is None

    def _at_one(self, network: Network, site: Site, layer: Layer) -> Finding:
        ratio, flat = ratio_to_gain(network, layer) or 0.0, site.moments[0].flat_share
        graphs = network.graph_ids(network.spots(site))
        state = progress(network, graphs)
        wanted = asked_gain(network, layer) / math.sqrt(layer.fan_in)
        clause = f"the weights of {label(layer)} start at {size(ratio)} times the {size(wanted)} that {site.operation} asks for"
        cause = Cause("initialisation", clause)
        return self.finding(
            f"At the first step {share(flat)} of what {site.operation} after {label(site)} receives lies on its flat part: the weights are "
            f"{size(ratio)} times too large.",
            initialised_at(network, layer),
            severity="warning" if state == "learning" and not is_solved(network, graphs) else _severity(state),
            layer=layer.name,
            site=site.id,
            cause=cause,
            evidence={"flat_share": flat, "weight_scale_over_gain": ratio},
        )

    def _over_layers(self, network: Network, trend: Trend, state: Progress) -> Finding:
        culprit = _furthest(network, trend)
        expanding = _expanding(network, trend) if trend.ratio > 1 else None
        cause = Cause("activation-choice", expanding) if expanding else Cause("initialisation", _evidence(network, trend, culprit))
        verb = "fades" if trend.ratio < 1 else "swells"
        factor = size(max(trend.ratio, 1 / trend.ratio))
        return self.finding(
            f"At the first step the signal {verb} by a factor of {factor} over {len(trend.layers)} layers, from "
            f"{label(trend.layers[0])} to {label(trend.layers[-1])} ({size(trend.per_layer)} a layer; spread over samples "
            f"{size(trend.values[0])} → {size(trend.values[-1])}).",
            initialised_at(network, culprit),
            severity=_severity(state),
            layer=culprit.name,
            cause=cause,
            evidence={
                "signal_ratio": trend.ratio, "factor_per_layer": trend.per_layer, "layers": [layer.name for layer in trend.layers],
                "first_spread": trend.values[0], "last_spread": trend.values[-1],
            },
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        def spreading(spreads: Sequence[float], weights: float, operation: str = "relu", loss_end: float = 2.3) -> Recording:
            """A stack whose pre-activations spread so over its layers and head, with weights of this scale times 1/sqrt(fan_in)."""
            recording = deep(len(spreads) - 1, operation)
            layers = tuple(
                replace(layer, moments=tuple(replace(moment, output_unit_std=spread) for moment in layer.moments))
                for layer, spread in zip(recording.layers, spreads, strict=True)
            )
            parameters = tuple(
                replace(parameter, moments=tuple(replace(moment, std=weights / math.sqrt(100)) for moment in parameter.moments))
                if parameter.role == "weight"
                else parameter
                for parameter in recording.parameters
            )
            return ending(replace(recording, layers=layers, parameters=parameters), loss_end)

        def flat(share: float, weights: float, loss_end: float = 2.3, operation: str = "tanh") -> Recording:
            """Layers that keep the signal's size, with this share of each activation's inputs on its flat part."""
            recording = spreading(geometric(1.0, 3), weights, operation, loss_end)
            sites = tuple(
                replace(site, moments=tuple(replace(moment, flat_share=share) for moment in site.moments)) for site in recording.sites
            )
            return replace(recording, sites=sites)

        def sloped(slope: float) -> Recording:
            """A signal that swells from layer to layer through leaky ReLUs of this slope, at torch's default weights."""
            recording = spreading(geometric(7.0, 5), 0.58, "leaky_relu")
            return replace(recording, sites=tuple(replace(site, parameters={"negative_slope": slope}) for site in recording.sites))

        return (
            RuleCase("keeps its size", spreading(geometric(1.0, 12), math.sqrt(2))),
            RuleCase("fades by 90", spreading(geometric(90 ** (-1 / 11), 12), 0.58)),
            RuleCase(
                "fades by 110", spreading(geometric(110 ** (-1 / 11), 12), 0.58),
                Expected(
                    "error", "initialisation", 31, layer="fc1", treatments=("reinitialise:he", "reinitialise:lecun", "normalise"),
                    message="At the first step the signal fades by a factor of 110 over 12 layers, from fc0 to head (0.65 a layer; "
                    "spread over samples 1 → 0.0091).",
                    evidence={
                        "signal_ratio": 0.009091, "factor_per_layer": 0.6523,
                        "layers": ["fc0", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6", "fc7", "fc8", "fc9", "fc10", "head"],
                        "first_spread": 1.0, "last_spread": 0.009091,
                    },
                    because="the weights of fc1 start at 0.41 times the 0.14 that 100 inputs and the activation ask for",
                ),
            ),
            RuleCase("swells by 90", spreading(geometric(90 ** (1 / 11), 12), 2.2)),
            RuleCase(
                "swells by 110", spreading(geometric(110 ** (1 / 11), 12), 2.2),
                Expected(
                    "error", "initialisation", 32, layer="head",
                    message="At the first step the signal swells by a factor of 110 over 12 layers, from fc0 to head (1.5 a layer; "
                    "spread over samples 1 → 110).",
                    evidence={
                        "signal_ratio": 110.0, "factor_per_layer": 1.533,
                        "layers": ["fc0", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6", "fc7", "fc8", "fc9", "fc10", "head"],
                        "first_spread": 1.0, "last_spread": 110.0,
                    },
                    because="the weights of head start at 2.2 times the 0.1 that 100 inputs and the activation ask for",
                ),
            ),
            RuleCase(
                "fades, and learns all the same", spreading(geometric(0.41, 8), 0.58, loss_end=0.2),
                Expected("advice", "initialisation", 31),
            ),
            RuleCase(
                "swells until it is NaN", spreading(geometric(5.0, 5), 8.0, loss_end=math.nan),
                Expected("error", "initialisation", 32),
            ),
            RuleCase("two layers", spreading([1.0, 0.001], 0.1)),
            RuleCase("three layers", spreading([1.0, 0.05, 0.0025], 0.05), Expected("error", "initialisation", 31)),
            RuleCase("one step of two thirds", spreading([*geometric(0.5, 4), 0.0001], 0.58)),
            RuleCase("a head that starts at 0", spreading([1.0, 1.0, 1.0, 1.0, 0.0], math.sqrt(2))),
            RuleCase("fades by the slope of a sigmoid", spreading(geometric(0.2, 8), 1.0, "sigmoid")),
            RuleCase("fades by weights", spreading(geometric(0.2, 8), 0.3), Expected("error", "initialisation", 31)),
            RuleCase(
                "half flat at the start, 5 times the gain", flat(0.5, 9.0),
                Expected(
                    "error", "initialisation", 31, layer="fc0", site=0,
                    message="At the first step 50 % of what tanh after fc0 receives lies on its flat part: the weights are 5.4 times "
                    "too large.",
                    evidence={"flat_share": 0.5, "weight_scale_over_gain": 5.4},
                    because="the weights of fc0 start at 5.4 times the 0.17 that tanh asks for",
                ),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "half flat at the start, and learns", flat(0.5, 9.0, 0.5),
                Expected("warning", "initialisation", 31),
                Expected("warning", "initialisation", 31),
            ),
            RuleCase(
                "half flat at the start, and solved", flat(0.5, 9.0, 0.1),
                Expected("advice", "initialisation", 31),
                Expected("advice", "initialisation", 31),
            ),
            RuleCase(
                "a slope of 20", sloped(20.0),
                Expected(
                    "error", "activation-choice", 31, treatments=("swap-activation:leaky_relu",),
                    because="leaky_relu with its parameters makes values 14 times as large",
                ),
            ),
            RuleCase(
                "a slope of 0.5", sloped(0.5),
                Expected("error", "initialisation", 32, because="each branch adds to the signal and nothing scales it back"),
            ),
            RuleCase("half flat at the start, at the gain", flat(0.5, 1.7)),
            RuleCase("less than half flat at the start", flat(0.49, 9.0)),
            RuleCase("nothing flat about it", flat(0.5, 9.0, operation="elu")),
            RuleCase("swells by its branches", spreading(geometric(1.6, 12), math.sqrt(2)), Expected("error", "initialisation", 32)),
            RuleCase(
                "two layers behind one that spreads nothing", spreading([1.0, 0.05, 0.0025, 0.0, 1.0, 1e-4], 0.05),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "58 % of the fading in one step", spreading([1.0, 10**-0.8, 10**-1.68, 1e-4], 0.05),
                Expected("error", "initialisation", 31),
            ),
            RuleCase("62 % of the fading in one step", spreading([1.0, 10**-0.8, 10**-1.52, 1e-4], 0.05)),
            RuleCase("52 % of the fading by weights", spreading(geometric(0.2, 8), 0.583), Expected("error", "initialisation", 31)),
            RuleCase("48 % of the fading by weights", spreading(geometric(0.2, 8), 0.622)),
            RuleCase("a slope of 4", sloped(4.0), Expected("error", "activation-choice", 31)),
            RuleCase("a slope of 1.5", sloped(1.5), Expected("error", "initialisation", 31)),
            RuleCase(
                "two such networks",
                twice(spreading(geometric(110 ** (-1 / 11), 12), 0.58)),
                Expected("error", "initialisation", 31),
                Expected("error", "initialisation", 131),
            ),
        )


def _severity(state: Progress) -> Severity:
    return "error" if state in ("broken", "stuck") else "advice" if state == "learning" else "warning"


def _expanding(network: Network, trend: Trend) -> str | None:
    """An activation between these layers that makes values larger by itself, as a clause; None where there is none."""
    ids = {layer.id for layer in trend.layers}
    sites = (site for site in network.recording.sites if site.layer in ids and 0 < gain(site) < EXPANDS)
    site = next(sites, None)
    return f"{site.operation} with its parameters makes values {size(1 / gain(site))} times as large" if site is not None else None


def _lost_by_weights(network: Network, trend: Trend) -> float:
    """Share of a fading that weights below the gain explain, in logarithms."""
    ratios = [ratio for layer in trend.layers[1:] if (ratio := ratio_to_gain(network, layer)) is not None]
    return -sum(map(math.log, ratios)) / -math.log(trend.ratio) if ratios else 0.0


def _furthest(network: Network, trend: Trend) -> Layer:
    """The layer whose weights stand furthest from the gain in the direction of the drift; the first of them where none is known."""
    sign = 1.0 if trend.ratio > 1 else -1.0

    def distance(layer: Layer) -> float:
        ratio = ratio_to_gain(network, layer)
        return sign * math.log(ratio) if ratio else -math.inf

    return max(_with_weights(trend.layers[1:]), key=lambda layer: round(distance(layer), 1))


def _with_weights(layers: Sequence[Layer]) -> Sequence[Layer]:
    return [layer for layer in layers if layer.weight is not None] or layers


def _evidence(network: Network, trend: Trend, culprit: Layer) -> str:
    ratio, asked = ratio_to_gain(network, culprit), asked_gain(network, culprit)
    if ratio is None or (trend.ratio > 1 and ratio < 1.2):
        return "each branch adds to the signal and nothing scales it back" if trend.ratio > 1 else "every layer takes a share of the signal"
    wanted = asked / math.sqrt(culprit.fan_in)
    asked_for = f"{size(wanted)} that {culprit.fan_in} inputs and the activation ask for"
    return f"the weights of {label(culprit)} start at {size(ratio)} times the {asked_for}"
