"""Gated pairs in Triton: their two inputs are kept and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Gated
from reluctant.operators import tensors

from ._kernel import autograd_function
from ._pairs import PairKernel
from ._triton import launch


def triton_pairs(activation: Gated) -> PairKernel:
    """The kernels of a pair, for every type of elements."""
    return PairKernel(_of_two(activation), _of_halves(activation))


def _slopes(activation: Gated, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients by the catalogue's formula, to be differentiated again."""
    of_a, of_b = activation.derivative(tensors(a.dtype), a, b)
    return g * of_a, g * of_b


def _of_two(activation: Gated) -> Any:
    run, run_back = launch(activation, "forward"), launch(activation, "backward")

    def forward(a: Tensor, b: Tensor) -> Tensor:
        y, n = torch.empty_like(a), a.numel()
        run(a, b, y, n, n, n, n)
        return y

    def with_context(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return forward(a, b)

    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _slopes(activation, g, a, b)
        da, db, n = torch.empty_like(a), torch.empty_like(b), a.numel()
        run_back(g.contiguous(), a, b, da, db, n, n, n, n)
        return da, db

    with_backward = autograd_function(activation, with_context, backward)

    def call(a: Tensor, b: Tensor) -> Tensor:
        y: Tensor = with_backward(a, b) if torch.is_grad_enabled() and (a.requires_grad or b.requires_grad) else forward(a, b)
        return y

    return call


def _of_halves(activation: Gated) -> Any:
    run, run_back = launch(activation, "forward"), launch(activation, "backward")

    def forward(x: Tensor) -> Tensor:
        a, b = x.chunk(2, -1)
        y, width = torch.empty_like(a, memory_format=torch.contiguous_format), x.shape[-1]
        run(a, b, y, y.numel(), width // 2, width, width)
        return y

    def with_context(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return forward(x)

    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        if torch.is_grad_enabled():
            return torch.cat(_slopes(activation, g, *x.chunk(2, -1)), dim=-1)
        dx, width = torch.empty_like(x), x.shape[-1]
        run_back(g.contiguous(), *x.chunk(2, -1), *dx.chunk(2, -1), g.numel(), width // 2, width, width)
        return dx

    with_backward = autograd_function(activation, with_context, backward)

    def call(x: Tensor) -> Tensor:
        y: Tensor = with_backward(x) if x.requires_grad and torch.is_grad_enabled() else forward(x)
        return y

    return call
