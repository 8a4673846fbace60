"""Many small networks side by side, so that a training over seeds takes as long as one.

A network's parameters are those of `torch.nn.Linear`, drawn from its own seed: the same seed gives the same network, alone or among others.
Each tensor has a first axis for the networks, and batched products keep them apart: no number of one enters another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from reluctant.activations import Activation

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Function = Callable[["Tensor"], "Tensor"]

Initialisation = Literal["default", "glorot", "he"]


def linear_layers(sizes: Sequence[int], seed: int, initialisation: Initialisation = "default") -> list[Tensor]:
    """Weight and bias of each layer of one network, as torch makes them.

    ``glorot`` and ``he`` are `torch.nn.init.xavier_uniform_` and `kaiming_normal_`, with biases 0; ``default`` is what `nn.Linear` does.
    """
    import torch
    from torch import nn

    found: list[Tensor] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for inputs, outputs in pairwise(sizes):
            layer = nn.Linear(inputs, outputs)
            if initialisation == "glorot":
                nn.init.xavier_uniform_(layer.weight)
            elif initialisation == "he":
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if initialisation != "default":
                nn.init.zeros_(layer.bias)
            found += [layer.weight.detach(), layer.bias.detach()]
    return found


def side_by_side(networks: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """The parameters of networks of one shape as one list: weights (network, in, out), biases (network, 1, out)."""
    import torch

    together = [torch.stack([tensor.T if tensor.ndim == 2 else tensor[None] for tensor in same]) for same in zip(*networks, strict=True)]
    return [tensor.clone().requires_grad_() for tensor in together]


def forward(parameters: Sequence[Tensor], x: Tensor, activation: Function, seen: list[Tensor] | None = None) -> Tensor:
    """The outputs (network, sample, out) for inputs (network, sample, in); no activation after the last layer.

    What enters each activation is added to `seen` where one is given.
    """
    import torch

    weights, biases = parameters[::2], parameters[1::2]
    h = x
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        z = torch.baddbmm(bias, h, weight)
        if seen is not None:
            seen.append(z)
        h = activation(z)
    return torch.baddbmm(biases[-1], h, weights[-1])


def in_torch(activation: Activation) -> Function:
    """An activation of the catalogue as the function of torch that it names."""
    from torch.nn import functional

    return partial(getattr(functional, activation.torch_function), **activation.parameters)


def stacked(samples: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """The inputs and the answers of networks side by side: of each its own sample."""
    import torch

    inputs, answers = zip(*samples, strict=True)
    return torch.stack(inputs), torch.stack(answers)


def binary_losses(scores: Tensor, classes: Tensor) -> Tensor:
    """The mean cross-entropy of each network, for scores (network, sample) and classes 0.0 or 1.0."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(scores, classes, reduction="none").mean(1)


def binary_accuracy(scores: Tensor, classes: Tensor) -> Tensor:
    """For each network the share of samples whose score lies on its class's side of 0."""
    return ((scores > 0) == (classes > 0.5)).float().mean(1)


def descend(parameters: Sequence[Tensor], losses: Tensor, rates: Tensor) -> tuple[Tensor, ...]:
    """One step of gradient descent for every network on its own loss, each at its own rate; the gradients of the step."""
    import torch

    gradients = torch.autograd.grad(losses.sum(), list(parameters))
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rates[:, None, None] * gradient
    return gradients


def follow(optimizer: Optimizer, parameters: Sequence[Tensor], losses: Tensor) -> None:
    """One step of an optimizer of torch for every network on its own loss; an elementwise one keeps the networks apart."""
    import torch

    for parameter, gradient in zip(parameters, torch.autograd.grad(losses.sum(), list(parameters)), strict=True):
        parameter.grad = gradient
    optimizer.step()
