"""Networks with ReLU and its variants, trained where ReLUs die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.activations import get

from ._data import moons
from ._networks import Function, binary_accuracy, binary_losses, descend, follow, forward, in_torch, linear_layers, side_by_side, stacked
from ._spread import spread

if TYPE_CHECKING:
    from torch import Tensor

SOLVED = 0.97
"""A network has learned where it gets at least this share of its training points right."""
NARROW = 4
NARROW_RATE = 0.01
WIDTH = 32


@dataclass(frozen=True)
class VariantRuns:
    """Networks with one activation in one setting, one for each seed."""

    activation: str
    setting: float
    """The learning rate, or the number of layers."""
    solved: tuple[bool, ...]
    dead: float
    """Mean share of units with slope 0 on every training point at the end."""
    diverged: float
    """Share of networks whose loss is no longer finite."""
    stuck_at_start: float
    """Share of networks that give the same output for every input before training, to float32."""


@dataclass(frozen=True)
class PreluSlopes:
    """PReLU's learned slopes of one layer through a training, over seeds."""

    steps: tuple[int, ...]
    median: tuple[float, ...]
    least: tuple[float, ...]
    largest: tuple[float, ...]


@dataclass(frozen=True)
class Seeds:
    """The seeds of the networks, and how many points each of these is given."""

    all: tuple[int, ...]
    points: int


@dataclass(frozen=True)
class TrainedVariants:
    """What became of networks side by side."""

    solved: Tensor
    diverged: Tensor
    dead: Tensor
    """Share of dead units."""

    def runs(self, name: str, setting: float, own: slice, stuck_at_start: float = 0.0) -> VariantRuns:
        """Those of one setting."""
        solved, dead, diverged = self.solved[own].tolist(), float(self.dead[own].mean()), float(self.diverged[own].float().mean())
        return VariantRuns(name, setting, tuple(solved), dead, diverged, stuck_at_start)


def _data(seeds: Seeds, repeats: int = 1) -> tuple[Tensor, Tensor]:
    """Points and classes of every seed, all of them `repeats` times over."""
    return stacked([moons(seeds.points, seed) for seed in seeds.all] * repeats)


def _learned(name: str, parameters: Sequence[Tensor]) -> list[Tensor]:
    """PReLU's slopes, one for each layer and network; of the others none."""
    import torch

    start = float(get("prelu").parameters["init"])
    return [torch.full_like(bias[:, :, :1], start).requires_grad_() for bias in parameters[1:-1:2]] if name == "prelu" else []


def _functions(name: str, learned: Sequence[Tensor], layers: int) -> list[Function]:
    """The activation of each layer. torch's PReLU takes one slope for all networks, so the networks side by side need it written out."""
    if name != "prelu":
        return [in_torch(get(name))] * layers
    return [_leaky(slope) for slope in learned]


def _leaky(slope: Tensor) -> Function:
    import torch

    return lambda z: torch.where(z > 0, z, slope * z)


def _scores(parameters: Sequence[Tensor], x: Tensor, functions: Sequence[Function], seen: list[Tensor] | None = None) -> Tensor:
    """The networks' scores, with an activation of its own for each layer."""
    following = iter(functions)
    return forward(parameters, x, lambda z: next(following)(z), seen)[..., 0]


def _train(
    seeds: Seeds, name: str, parameters: list[Tensor], steps: int, rates: Tensor | None = None, slopes: list[list[Tensor]] | None = None
) -> TrainedVariants:
    """Train the networks: by plain gradient descent where each is given its rate, else by Adam.

    PReLU's slopes before each step and after the last are added to `slopes` where one is given.
    """
    import torch

    x, y = _data(seeds, len(parameters[0]) // len(seeds.all))
    learned = _learned(name, parameters)
    functions = _functions(name, learned, len(parameters) // 2 - 1)
    moved = [*parameters, *learned]
    optimizer = torch.optim.Adam(moved, NARROW_RATE)
    for step in range(steps + 1):
        if slopes is not None:
            slopes.append([slope.detach().clone() for slope in learned])
        if step < steps:
            losses = binary_losses(_scores(parameters, x, functions), y)
            follow(optimizer, moved, losses) if rates is None else descend(moved, losses, rates)
    return _outcome(parameters, x, y, functions)


def _outcome(parameters: Sequence[Tensor], x: Tensor, y: Tensor, functions: Sequence[Function]) -> TrainedVariants:
    import torch

    seen: list[Tensor] = []
    scores = _scores(parameters, x, functions, seen)
    slopes = [torch.autograd.grad(function(z).sum(), z, retain_graph=True)[0] for function, z in zip(functions, seen, strict=True)]
    finite = scores.isfinite().all(1)
    return TrainedVariants(
        solved=(binary_accuracy(scores, y) >= SOLVED) & finite,
        diverged=~finite,
        dead=torch.stack([(slope == 0).all(1).float().mean(1) for slope in slopes]).mean(0),
    )


def fatal(seeds: Seeds, name: str, rates: tuple[float, ...], steps: int) -> list[VariantRuns]:
    """All rates and seeds together, at plain gradient descent."""
    import torch

    parameters = side_by_side([linear_layers((2, WIDTH, WIDTH, 1), seed) for _ in rates for seed in seeds.all])
    of_networks = torch.tensor([rate for rate in rates for _ in seeds.all])
    ended = _train(seeds, name, parameters, steps, of_networks)
    return [ended.runs(name, rate, slice(index * len(seeds.all), (index + 1) * len(seeds.all))) for index, rate in enumerate(rates)]


def narrow(seeds: Seeds, name: str, depth: int, steps: int) -> VariantRuns:
    import torch

    parameters = side_by_side([linear_layers((2, *[NARROW] * depth, 1), seed, "he") for seed in seeds.all])
    x, _ = _data(seeds)
    with torch.no_grad():
        scores = _scores(parameters, x, _functions(name, _learned(name, parameters), depth))
    stuck = (scores == scores[:, :1]).all(1).float().mean()
    return _train(seeds, name, parameters, steps).runs(name, float(depth), slice(None), float(stuck))


def learned_slopes(seeds: Seeds, steps: int) -> tuple[PreluSlopes, ...]:
    """PReLU's slopes through a training that succeeds."""
    parameters = side_by_side([linear_layers((2, WIDTH, WIDTH, 1), seed, "he") for seed in seeds.all])
    slopes: list[list[Tensor]] = []
    _train(seeds, "prelu", parameters, steps, slopes=slopes)
    noted = tuple(range(0, steps + 1, max(1, steps // 50)))
    by_layer = [[slopes[step][layer].flatten().tolist() for step in noted] for layer in range(2)]
    return tuple(
        PreluSlopes(noted, tuple(spread(at).median for at in layer), tuple(map(min, layer)), tuple(map(max, layer))) for layer in by_layer
    )
