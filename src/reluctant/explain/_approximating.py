"""Networks that approximate a curve: computed, with a random first layer, and trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from reluctant.activations import get
from reluctant.figures import Words

from ._networks import follow, forward, in_torch, linear_layers, side_by_side

if TYPE_CHECKING:
    from torch import Tensor

RATE = 0.05


def _wave(x: Tensor) -> Tensor:
    return (2 * math.pi * x).sin()


def _bump(x: Tensor) -> Tensor:
    return (-((4 * x) ** 2)).exp()


def _chirp(x: Tensor) -> Tensor:
    return (math.pi * (x + 1) ** 2).sin()


CURVES: dict[str, tuple[Callable[[Tensor], Tensor], Words]] = {
    "wave": (_wave, "sin(2πx)"),
    "bump": (_bump, "exp(−(4x)²)"),
    "chirp": (_chirp, "sin(π(x + 1)²)"),
}

BASES = ("relu", "tanh", "sigmoid", "square", "identity")
"""What may stand between the two layers of a network whose first layer is left as it was drawn."""


@dataclass(frozen=True)
class Built:
    """The error of networks that were computed, not trained: by curve, by what stands between the layers, and by width."""

    curve: str
    activation: str
    """``knots`` for ReLU with its kinks at even distances, the output weights following from the curve."""
    widths: tuple[int, ...]
    errors: tuple[float, ...]
    fits: tuple[tuple[float, ...], ...] = ()
    """Of ``knots``: what the networks answer on the grid, by width."""


@dataclass(frozen=True)
class Trained:
    """The error of trained ReLU networks of one shape, one for each seed, and the fit of the best of them."""

    curve: str
    depth: int
    width: int
    errors: tuple[float, ...]
    outside: float
    """The best one's error between 1 and 2 and between -2 and -1, where it was given nothing to learn from."""
    fit: tuple[float, ...]
    kinks: tuple[float, ...]


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained, and for how long."""

    seeds: tuple[int, ...]
    widths: tuple[int, ...]
    points: int
    steps: int


def _dense() -> Tensor:
    import torch

    return torch.linspace(-1, 1, 1001, dtype=torch.float64)


def build(name: str, kind: str, widths: tuple[int, ...], seed: int) -> Built:
    """Networks with one hidden layer whose output weights are solved for."""
    import torch

    x, y = _dense(), CURVES[name][0](_dense())
    errors = []
    for width in widths:
        layer = _with_one(_random_layer(x, kind, width, seed))
        weights = torch.linalg.lstsq(layer, y, driver="gelsd").solution
        errors.append(_share(layer @ weights - y, y))
    return Built(name, kind, widths, tuple(errors))


def build_from_knots(name: str, widths: tuple[int, ...], grid: Tensor) -> Built:
    """ReLU networks that go through the curve at even distances: at every kink, and at the right end."""
    import torch

    x, curve = _dense(), CURVES[name][0]
    errors, fits = [], []
    for width in widths:
        at = torch.linspace(-1, 1, width + 1, dtype=x.dtype)
        weights = torch.linalg.solve(_with_one(_knots(at, width)), curve(at))
        errors.append(_share(_with_one(_knots(x, width)) @ weights - curve(x), curve(x)))
        fits.append(tuple((_with_one(_knots(grid.double(), width)) @ weights).tolist()))
    return Built(name, "knots", widths, tuple(errors), tuple(fits))


def _with_one(layer: Tensor) -> Tensor:
    """The outputs of a layer and a 1 for the bias behind it."""
    import torch

    return torch.cat([layer, torch.ones_like(layer[:, :1])], 1)


def _knots(x: Tensor, width: int) -> Tensor:
    """Units that begin to rise at even distances, the first at the left end."""
    import torch

    return torch.relu(x[:, None] - torch.linspace(-1, 1, width + 1, dtype=x.dtype)[:-1])


def _random_layer(x: Tensor, kind: str, width: int, seed: int) -> Tensor:
    """A first layer with steep random weights and its bends spread over the interval."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    slope = 4 * torch.randn(width, generator=generator, dtype=x.dtype)
    at = 2 * torch.rand(width, generator=generator, dtype=x.dtype) - 1
    z = slope * (x[:, None] - at)
    between = {"square": torch.square, "identity": lambda z: z}
    return between[kind](z) if kind in between else in_torch(get(kind))(z)


def _share(difference: Tensor, curve: Tensor) -> float:
    return float(difference.square().mean().sqrt() / curve.std(correction=0))


def train(runs: TrainingPlan, depth: int, grid: Tensor) -> list[Trained]:
    """Networks of one depth, of every width, for every curve and seed, trained together.

    Narrow ones are filled up to the widest with units whose weights are all 0: such a unit gives 0 and its weights get gradient 0.
    """
    import torch

    cases = [(curve, width) for curve in CURVES for width in runs.widths]
    networks = [_padded(runs, depth, width, seed) for _, width in cases for seed in runs.seeds]
    parameters, relu = side_by_side(networks), in_torch(get("relu"))
    inputs = torch.linspace(-1, 1, runs.points)
    y = torch.stack([CURVES[curve][0](inputs) for curve, _ in cases for _ in runs.seeds])
    x = inputs[:, None].expand(len(networks), -1, -1)
    optimizer = torch.optim.Adam(parameters, RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, runs.steps)
    for _ in range(runs.steps):
        follow(optimizer, parameters, (forward(parameters, x, relu)[..., 0] - y).square().mean(1))
        schedule.step()
    return [
        _trained(runs, depth, case, [tensor[index * len(runs.seeds) :] for tensor in parameters], grid) for index, case in enumerate(cases)
    ]


def _padded(runs: TrainingPlan, depth: int, width: int, seed: int) -> list[Tensor]:
    from torch.nn.functional import pad

    sizes, widest = (1, *[width] * depth, 1), max(runs.widths)
    full = (1, *[widest] * depth, 1)
    layers = linear_layers(sizes, seed)
    found: list[Tensor] = []
    for index, (inputs, outputs) in enumerate(pairwise(full)):
        weight, bias = layers[2 * index], layers[2 * index + 1]
        found += [pad(weight, (0, inputs - weight.shape[1], 0, outputs - weight.shape[0])), pad(bias, (0, outputs - len(bias)))]
    return found


def _trained(runs: TrainingPlan, depth: int, case: tuple[str, int], own: Sequence[Tensor], grid: Tensor) -> Trained:
    """What became of the networks of one curve and width, which come first in `own`."""
    import torch

    name, width = case
    parameters = [tensor[: len(runs.seeds)].detach().double() for tensor in own]
    curve, x = CURVES[name][0], _dense()
    answers = _answers(parameters, x)
    errors = [_share(answer - curve(x), curve(x)) for answer in answers]
    best = min(range(len(runs.seeds)), key=errors.__getitem__)
    beyond = torch.cat([x[x > 0] + 1, x[x < 0] - 1])
    return Trained(
        curve=name,
        depth=depth,
        width=width,
        errors=tuple(errors),
        outside=_share(_answers(parameters, beyond)[best] - curve(beyond), curve(x)),
        fit=tuple(_answers(parameters, grid.double())[best].tolist()),
        kinks=_kinks([tensor[best : best + 1] for tensor in parameters]),
    )


def _answers(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    return forward(parameters, x[:, None].expand(len(parameters[0]), -1, -1), in_torch(get("relu")))[..., 0]


def _kinks(parameters: Sequence[Tensor]) -> tuple[float, ...]:
    """Where in the interval a unit of one network turns on or off."""
    seen: list[Tensor] = []
    x = _dense()
    forward(parameters, x[None, :, None], in_torch(get("relu")), seen)
    turns = [z[0, 1:].sign() * z[0, :-1].sign() < 0 for z in seen]
    places = {round(float(x[index]), 3) for turn in turns for index in turn.nonzero()[:, 0].tolist()}
    return tuple(sorted(places))
