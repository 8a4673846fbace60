"""RL301: a gradient that fades on its way to the early layers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reluctant.numbers import size
from reluctant.recording import Cause, Finding, Layer, Location, NotJudged, Recording, Site
from reluctant.recording.example import twice

from ._activation_at import is_bounded
from ._causes import why_flat
from ._initialisation import asked_gain, initialised_at, weight_scale
from ._layer_chain import Trend, layer_chains, rise
from ._network import Network, build_network, label, place_of
from ._progress import progress
from ._rule import Rule
from .testing import Expected, RuleCase, fading, rising

NAMED_PART = 0.3
"""Share of the fall, in logarithms, that slopes or weights must make up to be named as its cause; where neither does, it is depth."""


class VanishingGradient(Rule):
    """The gradient that reaches the early layers is too small to train them.

    ## What it does

    Compares the gradient with respect to the pre-activations of successive layers, from the loss back to the data, and says
    what takes it away: the slope of the activation, the scale of the weights, or plain depth.

    ## Why is this bad?

    A layer passes the gradient on times its weights times the activation's slope. Where these make a factor below 1, the
    gradient shrinks geometrically: the late layers train on features that the early ones never learn to make. A sigmoid's slope
    is at most ¼; a ReLU's is 1 on one half of its inputs, and torch's default weights for Linear, made for neither, shrink the
    gradient by 0.41 a layer in a stack of ReLUs.

    ## How it decides

    The gradient must fall by `vanished` or more over three layers or more, steadily (no single step may make up more than
    `jump` of the fall, in logarithms: a last layer scaled down on purpose is one step), at the end of the run, or from its
    start for half of it. It must matter: where the loss fell by half, it is advice. A gradient that is exactly 0 is no
    vanishing one but a blocked one (RL202, RL405). Residual paths and normalisation need no exception: with them the measured
    gradient does not fall. The cause is the larger part of the fall. Per layer, the measured factor is compared with √χ =
    σ_w·√E[f′²]: the part that weights below the gain lose is ``initialisation``, the part that the slope of a bounded
    activation loses ``activation-choice``; where both are as they should be, ``depth``.

    ## Remedy

    An activation of slope 1 on its active side, weights at the gain it asks for, normalisation or residual connections.

    ## When to ignore it

    Where the early layers are meant to stay as they are.

    ## References

    Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", 1991. Glorot and Bengio, AISTATS 2010. Schoenholz, Gilmer,
    Ganguli and Sohl-Dickstein, "Deep Information Propagation", ICLR 2017, arXiv:1611.01232, section 4.
    """

    code = "RL301"
    severity = "error"
    follows_from = ("RL202", "RL203", "RL201", "RL305", "RL405", "RL404", "RL304")

    vanished: float = 1e-3
    """First layer's gradient over the last one's. At the same learning rate the first layer then takes a thousand times as long."""
    least_layers: int = 3
    """Two factors at least: less is no trend."""
    lasting: float = 0.5
    """Share of the run, from its start, for which the gradient must have been lost where it comes back later."""
    jump: float = 0.6
    """Largest share of the fall that one step may make up."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each chain of layers along which the gradient fades."""
        network = build_network(recording)
        reported: set[int] = set()
        for structure, layers in layer_chains(network):
            trend = self._lasting(layers)
            if trend is None or trend.layers[0].id in reported:
                continue
            reported.add(trend.layers[0].id)
            state = progress(network, {structure.graph.id})
            cause, place = _why(network, trend)
            yield self.finding(
                f"The gradient falls by a factor of {size(trend.ratio)} over {len(trend.layers)} layers on its way back from "
                f"{label(trend.layers[-1])} to {label(trend.layers[0])} ({size(1 / trend.per_layer)} a layer; {size(trend.values[-1])} → "
                f"{size(trend.values[0])})"
                + (", and the loss hardly falls." if state == "stuck" else "."),
                place,
                severity="error" if state in ("stuck", "broken") else "advice",
                layer=trend.layers[0].name,
                cause=cause,
                evidence={
                    "gradient_ratio": 1 / trend.ratio, "factor_per_layer": 1 / trend.per_layer,
                    "layers": [layer.name for layer in trend.layers],
                    "first_gradient_rms": trend.values[0], "last_gradient_rms": trend.values[-1],
                },
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = (x[:, 0] * x[:, 1] > 0).long()
layers = [nn.Linear(10, 32), nn.Sigmoid()]
for _ in range(7):
    layers += [nn.Linear(32, 32), nn.Sigmoid()]
net = nn.Sequential(*layers, nn.Linear(32, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("nn.Sigmoid()", "nn.Tanh()").replace(
        "optimizer = ", "for layer in net[::2]:\n    nn.init.xavier_normal_(layer.weight)\noptimizer = "
    )

    def _lasting(self, layers: Sequence[Layer]) -> Trend | None:
        """The trend, where it holds at the last two moments looked at, or from the first one for `lasting` of the run; else None."""
        measured = [{moment.step for moment in layer.moments} for layer in layers if layer.moments]
        steps = _sample(sorted(set.intersection(*measured))) if measured else []
        trends = {step: trend for step in steps if (trend := self._trend(layers, step)) is not None}
        lost = next((step for step in steps if step not in trends), None)
        if len(steps) < 2:
            return None
        long_lost = lost is not None and lost > steps[0] + self.lasting * (steps[-1] - steps[0])
        return trends[min(trends)] if long_lost or set(steps[-2:]) <= set(trends) else None

    def _trend(self, layers: Sequence[Layer], step: int) -> Trend | None:
        trend = rise(layers, [_gradient(layer, step) for layer in layers], least=self.least_layers)
        return trend if trend is not None and trend.ratio >= 1 / self.vanished and trend.largest_part <= self.jump else None

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:

        return (
            RuleCase("falls by 900", fading(rising(900))),
            RuleCase(
                "falls by 1100", fading(rising(1100)),
                Expected(
                    "error", "initialisation", 31, layer="fc0", treatments=("reinitialise:he", "normalise"),
                    message="The gradient falls by a factor of 1,100 over 8 layers on its way back from head to fc0 (0.37 a layer; "
                    "0.01 → 9.1e-06), and the loss hardly falls.",
                    evidence={
                        "gradient_ratio": 0.0009091, "factor_per_layer": 0.3677,
                        "layers": ["fc0", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6", "head"], "first_gradient_rms": 9.091e-06,
                        "last_gradient_rms": 0.01,
                    },
                    because="weights stand at 0.43 of the scale that the activation asks for, 7 layers in a row",
                ),
            ),
            RuleCase(
                "falls, and the loss falls too", fading(rising(1e5), loss=0.2),
                Expected(
                    "advice", "initialisation", 31, layer="fc0",
                    message="The gradient falls by a factor of 100,000 over 8 layers on its way back from head to fc0 (0.19 a layer; "
                    "0.01 → 1.0e-07).",
                    evidence={
                        "gradient_ratio": 1e-05, "factor_per_layer": 0.1931,
                        "layers": ["fc0", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6", "head"], "first_gradient_rms": 1e-07,
                        "last_gradient_rms": 0.01,
                    },
                ),
            ),
            RuleCase("falls at the start only", fading(rising(1e5), rising(10), until=50)),
            RuleCase("falls for a little less than half of the run", fading(rising(1e5), rising(10), until=500)),
            RuleCase(
                "falls for a little more than half of the run", fading(rising(1e5), rising(10), until=700),
                Expected("error", "initialisation", 31),
            ),
            RuleCase("falls at the end only", fading(rising(10), rising(1e5)), Expected("error", "initialisation", 31)),
            RuleCase("two layers", fading([1e-8, 1e-2])),
            RuleCase("in one step", fading([1e-6, 1e-6, 1e-6, 1e-6, 1e-2])),
            RuleCase("is exactly 0", fading([0.0, 0.0, 0.0, 1e-2])),
            RuleCase(
                "sigmoids", fading(rising(1e6), operation="sigmoid", weights=1.0, slope=0.2),
                Expected(
                    "error", "activation-choice", 31, treatments=("swap-activation:tanh",),
                    because="of 0.14 a layer, the slope of sigmoid takes 0.2 (root mean square) and the weights 1",
                ),
            ),
            RuleCase("small weights", fading(rising(1e4), weights=0.3), Expected("error", "initialisation", 31)),
            RuleCase(
                "deep", fading(rising(2e3, 40), weights=math.sqrt(2)),
                Expected(
                    "error", "depth", 31, treatments=("reinitialise:he", "normalise"),
                    because="weights and slopes are near what they should be, and 0.82 a layer adds up over 39 layers",
                ),
            ),
            RuleCase("falls by 950", fading(rising(950))),
            RuleCase("over three layers", fading([1e-6, 1e-4, 1e-2]), Expected("error", "depth", 31)),
            RuleCase(
                "two layers behind a layer without gradient", fading([10**-5.4, 10**-3.7, 1e-2, 0.0, 1e-7, 1e-3]),
                Expected("error", "depth", 31),
            ),
            RuleCase("falls for half of the run", fading(rising(1e5), rising(10), until=600), Expected("error", "initialisation", 31)),
            RuleCase("58 % of the fall in one step", fading([1e-6, 1e-6 * 10**2.32, 1e-6 * 10**3.2, 1e-2]), Expected("error", "depth", 31)),
            RuleCase("62 % of the fall in one step", fading([1e-6, 1e-6 * 10**2.48, 1e-6 * 10**3.2, 1e-2])),
            RuleCase("34 % of the fall by weights", fading(rising(1e4), weights=0.86), Expected("error", "initialisation", 31)),
            RuleCase("26 % of the fall by weights", fading(rising(1e4), weights=0.956), Expected("error", "depth", 31)),
            RuleCase(
                "two such networks", twice(fading(rising(1100))),
                Expected("error", "initialisation", 31),
                Expected("error", "initialisation", 131),
            ),
        )


def _sample(steps: Sequence[int]) -> list[int]:
    """The first two, the last two and ten steps between, evenly spread over the run."""
    spread = [steps[0] + (steps[-1] - steps[0]) * part / 11 for part in range(12)] if steps else []
    return sorted({*steps[:2], *steps[-2:], *(min(steps, key=lambda step: abs(step - wanted)) for wanted in spread)})


def _gradient(layer: Layer, step: int) -> float | None:
    """The gradient with respect to the layer's output at a measured step."""
    return next((moment.output_gradient_rms for moment in layer.moments if moment.step == step), None)


def _why(network: Network, trend: Trend) -> tuple[Cause, Location]:
    """What takes the gradient away, and the line to edit for it."""
    sites = [site for layer in trend.layers[:-1] for site in network.recording.sites if site.layer == layer.id and site.role == "hidden"]
    flat = [site for site in sites if is_bounded(site) and site.moments and site.moments[-1].flat_share >= 0.5]
    if flat:
        return why_flat(network, flat[0], flat_at_start=flat[0].moments[0].flat_share >= 0.5), place_of(flat[0])
    steps = len(trend.layers) - 1
    slopes = [slope for site in sites if (slope := _slope(site)) is not None]
    by_slope = -steps * sum(map(math.log, slopes)) / len(slopes) if slopes and all(map(is_bounded, sites)) else 0.0
    scales = {layer.id: scale / asked_gain(network, layer) for layer in trend.layers[1:] if (scale := weight_scale(network, layer))}
    by_weights = -sum(math.log(scale) for scale in scales.values())
    whole = math.log(trend.ratio)
    per_layer = f"{size(1 / trend.per_layer)} a layer"
    if sites and by_slope >= max(by_weights, NAMED_PART * whole):
        slope, weights = math.exp(-by_slope / steps), math.exp(-by_weights / steps)
        clause = f"of {per_layer}, the slope of {sites[0].operation} takes {size(slope)} (root mean square) and the weights {size(weights)}"
        return Cause("activation-choice", clause), place_of(sites[0])
    if by_weights >= NAMED_PART * whole:
        worst = min((layer for layer in trend.layers if layer.id in scales), key=lambda layer: scales[layer.id])
        ratio = size(math.exp(-by_weights / steps))
        clause = f"weights stand at {ratio} of the scale that the activation asks for, {steps} layers in a row"
        return Cause("initialisation", clause), initialised_at(network, worst)
    clause = f"weights and slopes are near what they should be, and {per_layer} adds up over {steps} layers"
    return Cause("depth", clause), place_of(trend.layers[0])


def _slope(site: Site) -> float | None:
    return site.moments[0].slope_rms if site.moments and site.moments[0].slope_rms else None
