"""Autograd functions that keep an activation's input and compute its output again in backward."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from reluctant.activations import Activation

Run = Callable[..., Tensor]
"""An activation as a function of its input and, where it has one, its learned weight: the same values at every call."""


class LeanLinear(torch.autograd.Function):
    """y Wᵀ + b with y = activation(x), where x is kept in the place of y.

    Its gradients are those that torch computes for a linear layer, by the same products of matrices. The gradient at y goes to the
    activation's own node, which keeps x as well: one tensor, kept once.
    """

    @staticmethod
    def forward(ctx: Any, y: Tensor, weight: Tensor, bias: Tensor | None, run: Run, *sources: Tensor) -> Tensor:
        """The product; `sources` are x and what else `run` needs to compute y again."""
        ctx.save_for_backward(weight, *sources)
        ctx.run = run
        return F.linear(y, weight, bias)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients at y, the weight and the bias. Where a second derivative is wanted, y is computed again as a function of x."""
        weight, *sources = ctx.saved_tensors
        for_y, for_weight, for_bias, *_ = ctx.needs_input_grad
        rows = _rows(g)
        dy = rows.mm(weight).view(*g.shape[:-1], weight.shape[1]) if for_y else None
        dweight = rows.t().mm(_rows(ctx.run(*sources))) if for_weight else None
        dbias = rows.sum(0) if for_bias else None
        return dy, dweight, dbias, None, *(None for _ in sources)


class Recomputed(torch.autograd.Function):
    """An activation that torch computes in several steps, which keeps its input alone: the steps are taken again in backward."""

    activation: ClassVar[Activation]
    """What it computes: so an observer can name it."""
    kept: ClassVar[str] = "input"

    @staticmethod
    def forward(ctx: Any, run: Run, y: Tensor, *sources: Tensor) -> Tensor:
        """y, which was computed by `run` of the sources."""
        ctx.save_for_backward(*sources)
        ctx.run = run
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients at the sources."""
        sources, wanted = ctx.saved_tensors, ctx.needs_input_grad[2:]
        again = torch.is_grad_enabled()
        with torch.enable_grad():
            taken = sources if again else [source.detach().requires_grad_(need) for source, need in zip(sources, wanted, strict=True)]
            needed = [source for source, need in zip(taken, wanted, strict=True) if need]
            gradients = iter(torch.autograd.grad(ctx.run(*taken), needed, g, create_graph=again))
        return None, None, *(next(gradients) if need else None for need in wanted)


@functools.lru_cache(maxsize=1024)
def recomputed(activation: Activation) -> type[Recomputed]:
    """The function for this activation, whose node in autograd's graph has its name."""
    return type(type(activation).__name__, (Recomputed,), {"activation": activation})


def _rows(values: Tensor) -> Tensor:
    """The values as a matrix of their last axis."""
    return values.unsqueeze(0) if values.dim() == 1 else values.flatten(0, -2)
