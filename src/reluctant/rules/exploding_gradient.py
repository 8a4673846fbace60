"""RL302: a gradient that grows without limit, layer by layer or step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reluctant.numbers import size
from reluctant.recording import Cause, Finding, Layer, LossCurve, NotJudged, Recording

from ._causes import why_blown_up
from ._graph import Structure
from ._initialisation import initialised_at
from ._network import Network, label, network
from ._progress import ends_non_finite, finite_means, layers_of, loss_place, progress
from ._rule import Rule
from ._spine import Trend, decline, spines


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
        known = network(recording)
        told: set[int] = set()
        for curve in recording.loss_curves:
            layers = layers_of(known, curve)
            growth = self._growth(curve, layers)
            if growth is not None:
                told |= {layer.id for layer in layers}
                yield self._over_steps(known, curve, layers, growth)
        for held, chain in spines(known):
            trend = self._over_layers(known, held, chain)
            if trend is not None and not told & {layer.id for layer in trend.layers}:
                told |= {layer.id for layer in trend.layers}
                yield self._along(known, trend)

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
    good = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = x[:, :1] * x[:, 1:2]
net = nn.Sequential(nn.Linear(10, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.03)
for step in range(60):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''

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

    def _over_steps(self, known: Network, curve: LossCurve, layers: Sequence[Layer], growth: tuple[float, float]) -> Finding:
        loss, gradient = growth
        grown = [f"the {what} grows {size(by)} times" for what, by in (("loss", loss), ("gradient", gradient)) if by >= 2]
        end = curve.first_non_finite_step
        cause = why_blown_up(known, layers, known.recording.steps if end is None else end)
        if cause.kind == "none":  # it grew with the steps, whatever the single ones were
            cause = Cause("learning-rate", "input, signal and weights are of usual size at the start, and grow with the steps taken")
        until = f" and is no longer finite from step {end} on" if end is not None and ends_non_finite(curve) else ""
        return self.found(
            f"Training diverges: {' and '.join(grown)} over the start{until}.",
            loss_place(known, curve),
            cause=cause,
            evidence={
                "loss_growth": loss, "gradient_growth": gradient, "first_non_finite_step": end, "last_finite_loss": finite_means(curve)[-1],
            },
        )

    def _over_layers(self, known: Network, held: Structure, layers: Sequence[Layer]) -> Trend | None:
        """The chain along which the first gradient grows towards the data, where training does not go well."""
        trend = decline(layers, [layer.moments[0].output_gradient_rms if layer.moments else None for layer in layers], least=3)
        steady = trend is not None and 1 / trend.ratio >= self.layer_growth and trend.largest_part <= self.jump
        return trend if steady and progress(known, {held.graph.id}) in ("stuck", "broken") else None

    def _along(self, known: Network, trend: Trend) -> Finding:
        cause = why_blown_up(known, trend.layers, 0)
        if cause.kind in ("learning-rate", "none"):  # it grows before any step was taken
            cause = Cause("initialisation", f"each layer multiplies the gradient by {size(1 / trend.per_layer)} at the first step")
        return self.found(
            f"The gradient grows {size(1 / trend.ratio)} times over {len(trend.layers)} layers on its way back from "
            f"{label(trend.layers[-1])} to {label(trend.layers[0])} ({size(1 / trend.per_layer)} a layer).",
            initialised_at(known, trend.layers[0]),
            layer=trend.layers[0].name,
            cause=cause,
            evidence={
                "gradient_ratio": 1 / trend.ratio, "factor_per_layer": 1 / trend.per_layer,
                "layers": [layer.name for layer in trend.layers],
            },
        )


def _grown(layer: Layer) -> float:
    """Weight gradient at the end over that at the start; moments that are not finite are not kept."""
    measured = (moment.weight_gradient_rms for moment in layer.moments)
    seen = [value for value in measured if value is not None and math.isfinite(value)]
    return seen[-1] / seen[0] if len(seen) >= 2 and seen[0] > 0 else 1.0
