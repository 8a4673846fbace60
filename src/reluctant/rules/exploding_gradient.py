"""RL302: a gradient that grows without limit, layer by layer or step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.numbers import size
from reluctant.recording import Cause, Finding, Layer, LossCurve, LossPoint, NotJudged, Recording
from reluctant.recording.example import RAW, STANDARDISED, deep, twice, with_input, with_parameter

from ._causes import why_blown_up
from ._graph import Structure
from ._initialisation import initialised_at
from ._layer_chain import Trend, decline, layer_chains
from ._network import Network, build_network, label
from ._progress import ends_non_finite, finite_means, layers_of, loss_place, progress
from ._rule import Rule
from .testing import Expected, RuleCase, fading, rising


class ExplodingGradient(Rule):
    """The gradient grows without limit, from layer to layer or from step to step.

    ## What it does

    Looks at two ratios. Over the steps: the loss and the gradient at the end of the run, or just before they became NaN or Inf,
    over those at its start. Over the layers, at the first step: the gradient at the early layers over the one at the late
    layers.

    ## Why is this bad?

    An update that is larger than the distance to the minimum makes the loss rise; the next gradient is larger still, and a few
    steps later values leave the range of floating point. Where the gradient grows from layer to layer, no learning rate suits
    both ends of the network.

    ## How it decides

    By growth alone: a loss summed over many elements has gradients in the thousands that are as steady as any. Over the steps,
    both the loss and the gradient must have grown (`loss_growth`, `gradient_growth`) when the run ends, or the loss must have
    become NaN or Inf after growing. A loss that is raised for a while on purpose, as in a learning-rate range test, and one
    that falls without limit are none of its findings. Over the layers the growth must be steady and reach `layer_growth`, and
    the loss must be stuck, growing or no longer finite.

    ## Remedy

    As the cause says: a lower learning rate, scaled inputs, weights at their usual size, normalisation. Clipping the gradient
    hides the symptom.

    ## When to ignore it

    Where gradients are clipped and training goes well.

    ## References

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, arXiv:1211.5063. Philipp,
    Song and Carbonell, "The exploding gradient problem demystified", 2018, arXiv:1712.05577.
    """

    code = "RL302"
    severity = "error"
    follows_from = ("RL305", "RL304")

    gradient_growth: float = 100.0
    """End over start. Losses whose gradient grows tenfold while they are learned are common; a hundredfold is an instability."""
    loss_growth: float = 10.0
    """End over start: no noise of batches reaches it."""
    layer_growth: float = 1000.0
    """First layer over last. Only then does no single learning rate serve both."""
    jump: float = 0.6
    """Largest share of the growth over layers that one step may make up."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each loss that blows up, and one for each chain of layers along which the gradient grows."""
        network = build_network(recording)
        reported: set[int] = set()
        for curve in recording.loss_curves:
            layers = layers_of(network, curve)
            growth = self._growth(curve, layers)
            if growth is not None:
                reported |= {layer.id for layer in layers}
                yield self._over_steps(network, curve, layers, growth)
        for structure, chain in layer_chains(network):
            trend = self._over_layers(network, structure, chain)
            if trend is not None and not reported & {layer.id for layer in trend.layers}:
                reported |= {layer.id for layer in trend.layers}
                yield self._along(network, trend)

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = x[:, :1] * x[:, 1:2]
net = nn.Sequential(nn.Linear(10, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=3.0)  # far too high
for step in range(60):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("lr=3.0)  # far too high", "lr=0.03)")

    def _growth(self, curve: LossCurve, layers: Sequence[Layer]) -> tuple[float, float] | None:
        """By how much loss and gradient grew over the run, or until they were no longer finite; None where that is no blow-up."""
        means = finite_means(curve)
        if len(means) < 2 or means[0] <= 0:
            return None
        lost = ends_non_finite(curve)
        loss = (means[-1] if lost else min(means[-2:])) / means[0]
        gradient = max((_grown(layer) for layer in layers), default=1.0)
        grown = (loss >= self.loss_growth, gradient >= self.gradient_growth)
        return (loss, gradient) if (any(grown) if lost else all(grown)) else None

    def _over_steps(self, network: Network, curve: LossCurve, layers: Sequence[Layer], growth: tuple[float, float]) -> Finding:
        loss, gradient = growth
        grown = [f"the {what} grows {size(by)} times" for what, by in (("loss", loss), ("gradient", gradient)) if by >= 2]
        end = curve.first_non_finite_step
        cause = why_blown_up(network, layers, network.recording.steps if end is None else end)
        if cause.kind == "none":  # it grew with the steps, whatever the single ones were
            cause = Cause("learning-rate", "input, signal and weights are of usual size at the start, and grow with the steps taken")
        until = f" and is no longer finite from step {end} on" if end is not None and ends_non_finite(curve) else ""
        return self.finding(
            f"Training diverges: {' and '.join(grown)} over the start{until}.",
            loss_place(network, curve),
            cause=cause,
            evidence={
                "loss_growth": loss, "gradient_growth": gradient, "first_non_finite_step": end, "last_finite_loss": finite_means(curve)[-1],
            },
        )

    def _over_layers(self, network: Network, structure: Structure, layers: Sequence[Layer]) -> Trend | None:
        """The chain along which the first gradient grows towards the data, where training does not go well."""
        trend = decline(layers, [layer.moments[0].output_gradient_rms if layer.moments else None for layer in layers], least=3)
        steady = trend is not None and 1 / trend.ratio >= self.layer_growth and trend.largest_part <= self.jump
        return trend if steady and progress(network, {structure.graph.id}) in ("stuck", "broken") else None

    def _along(self, network: Network, trend: Trend) -> Finding:
        cause = why_blown_up(network, trend.layers, 0)
        if cause.kind in ("learning-rate", "none"):  # it grows before any step was taken
            cause = Cause("initialisation", f"each layer multiplies the gradient by {size(1 / trend.per_layer)} at the first step")
        return self.finding(
            f"The gradient grows {size(1 / trend.ratio)} times over {len(trend.layers)} layers on its way back from "
            f"{label(trend.layers[-1])} to {label(trend.layers[0])} ({size(1 / trend.per_layer)} a layer).",
            initialised_at(network, trend.layers[0]),
            layer=trend.layers[0].name,
            cause=cause,
            evidence={
                "gradient_ratio": 1 / trend.ratio, "factor_per_layer": 1 / trend.per_layer,
                "layers": [layer.name for layer in trend.layers],
            },
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        def growing(losses: Sequence[float], gradient: float, raw: Recording | None = None) -> Recording:
            """A run with these losses, whose gradients end `gradient` times as large as they start; NaN stands for a loss that is none."""
            recording = raw or deep(3)
            points = tuple(
                LossPoint(100 * index, None if math.isnan(loss) else loss, None, None, non_finite=int(math.isnan(loss)))
                for index, loss in enumerate(losses)
            )
            lost = next((point.step for point in points if point.non_finite), None)
            layers = tuple(
                replace(
                    layer,
                    moments=tuple(
                        replace(moment, weight_gradient_rms=1e-3 * (gradient if moment.step > 600 else 1.0)) for moment in layer.moments
                    ),
                )
                for layer in recording.layers
            )
            curve = replace(recording.loss_curves[0], points=points, first_non_finite_step=lost)
            return replace(recording, layers=layers, loss_curves=(curve,))

        NAN = math.nan

        def swollen(size: float) -> Recording:
            """Data of size 1 have become values of this size before the second layer."""
            first, second, *others = with_input(deep(3), STANDARDISED).layers
            second = replace(second, moments=tuple(replace(moment, input_rms=size) for moment in second.moments))
            return replace(deep(3), layers=(first, second, *others))

        return (
            RuleCase("steady", growing([2.3, 2.0, 1.0, 0.5], 1.0)),
            RuleCase("large and steady", growing([7e4, 6e4, 6e4, 6e4], 1.0)),
            RuleCase("loss 9 times, gradient 110 times", growing([2.0, 10.0, 18.0, 18.0], 110.0)),
            RuleCase(
                "loss 11 times, gradient 110 times", growing([2.0, 10.0, 22.0, 22.0], 110.0),
                Expected(
                    "error", "learning-rate", 52, layer="", treatments=("lower-learning-rate:0.1", "lower-learning-rate:0.01"),
                    message="Training diverges: the loss grows 11 times and the gradient grows 110 times over the start.",
                    evidence={"loss_growth": 11.0, "gradient_growth": 110.0, "first_non_finite_step": None, "last_finite_loss": 22.0},
                    because="input, signal and weights are of usual size at the start, and grow with the steps taken",
                ),
            ),
            RuleCase("loss 11 times, gradient 90 times", growing([2.0, 10.0, 22.0, 22.0], 90.0)),
            RuleCase("back again at the end", growing([2.0, 200.0, 2000.0, 1.5], 110.0)),
            RuleCase("a loss below 0 falls without limit", growing([-1.0, -100.0, -1e5, -1e7], 1e4)),
            RuleCase("a loss falls below 0 without limit", growing([1.0, -100.0, -1e5, -1e7], 1e4)),
            RuleCase(
                "NaN after growing", growing([2.0, 40.0, 9e8, NAN], 1.0),
                Expected(
                    "error", "learning-rate", 52, layer="",
                    message="Training diverges: the loss grows 4.5e+08 times over the start and is no longer finite from step 300 on.",
                    evidence={
                        "loss_growth": 450000000.0, "gradient_growth": 1.0, "first_non_finite_step": 300, "last_finite_loss": 900000000.0,
                    },
                ),
            ),
            RuleCase("NaN at once", growing([2.0, 2.1, NAN, NAN], 1.0)),
            RuleCase(
                "raw data", growing([2.0, 40.0, 9e8, NAN], 1.0, with_input(deep(3), RAW)),
                Expected(
                    "error", "input-scale", 52, treatments=("scale-input", "normalise"),
                    because="fc0 takes raw data (values from 0 to 1,700, mean 120, standard deviation 300; initialisation expects "
                    "about 1): a step changes the output by as much as the square of that scale",
                ),
            ),
            RuleCase(
                "huge weights", growing([2.0, 40.0, 9e8, NAN], 1.0, with_parameter(deep(3), "fc1.weight", std=1.0)),
                Expected(
                    "error", "initialisation", 52, treatments=("reinitialise:he", "reinitialise:lecun", "normalise"),
                    because="the weights of fc1 start with standard deviation 1 where 100 inputs and the activation ask for 0.14",
                ),
            ),
            RuleCase("grows 900 times over the layers", fading(rising(900)[::-1])),
            RuleCase(
                "grows 1100 times over the layers", fading(rising(1100)[::-1]),
                Expected(
                    "error", "initialisation", 31, layer="fc0",
                    message="The gradient grows 1,100 times over 8 layers on its way back from head to fc0 (2.7 a layer).",
                    evidence={
                        "gradient_ratio": 1100.0, "factor_per_layer": 2.719,
                        "layers": ["fc0", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6", "head"],
                    },
                    because="each layer multiplies the gradient by 2.7 at the first step",
                ),
            ),
            RuleCase("grows over the layers, and learns", fading(rising(1100)[::-1], loss=0.2)),
            RuleCase(
                "loss 10.5 times, gradient 105 times", growing([2.0, 10.0, 21.0, 21.0], 105.0),
                Expected("error", "learning-rate", 52),
            ),
            RuleCase("loss 9.5 times, gradient 105 times", growing([2.0, 10.0, 19.0, 19.0], 105.0)),
            RuleCase("loss 10.5 times, gradient 95 times", growing([2.0, 10.0, 21.0, 21.0], 95.0)),
            RuleCase("grows 950 times over the layers", fading(rising(950)[::-1])),
            RuleCase(
                "58 % of the growth in one step", fading([1e-2, 1e-6 * 10**3.2, 1e-6 * 10**2.32, 1e-6]),
                Expected("error", "initialisation", 31),
            ),
            RuleCase("62 % of the growth in one step", fading([1e-2, 1e-6 * 10**3.2, 1e-6 * 10**2.48, 1e-6])),
            RuleCase(
                "values that swelled by 110", growing([2.0, 40.0, 9e8, NAN], 1.0, swollen(110.0)),
                Expected(
                    "error", "initialisation", 52,
                    because="at the first step data of size 1 have become values of size 110 before fc1",
                ),
            ),
            RuleCase(
                "values that swelled by 90", growing([2.0, 40.0, 9e8, NAN], 1.0, swollen(90.0)),
                Expected("error", "learning-rate", 52),
            ),
            RuleCase(
                "two such networks", twice(growing([2.0, 10.0, 22.0, 22.0], 110.0)),
                Expected("error", "learning-rate", 52),
                Expected("error", "learning-rate", 152),
            ),
        )


def _grown(layer: Layer) -> float:
    """Weight gradient at the end over that at the start; moments that are not finite are not kept."""
    measured = (moment.weight_gradient_rms for moment in layer.moments)
    seen = [value for value in measured if value is not None and math.isfinite(value)]
    return seen[-1] / seen[0] if len(seen) >= 2 and seen[0] > 0 else 1.0
