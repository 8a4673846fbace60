"""Kernels of gated pairs, which keep their two inputs and nothing else: GEGLU, ReGLU, SwiGLU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Gated

from ._arithmetic import tensors
from ._eligible import by_formula
from ._kernel import autograd_function
from ._library import NAMES, Pair, library
from ._signature import signature


@dataclass(frozen=True)
class PairKernel:
    """A gated pair for one type of elements."""

    of_two: Callable[[Tensor, Tensor], Tensor]
    """Of gate and value, contiguous and of one shape."""
    of_halves: Callable[[Tensor], Tensor]
    """Of a contiguous tensor whose last dimension holds the gate first and then the value."""


def pairs(activation: Gated, dtype: torch.dtype) -> PairKernel | None:
    """The kernels of a pair; None where nothing is compiled for it."""
    if dtype not in NAMES:
        return None
    name = signature(activation).name
    run = library().function(f"{name}_forward_{NAMES[dtype]}", ["tensor"] * 3 + ["pair"])
    run_back = library().function(f"{name}_backward_{NAMES[dtype]}", ["tensor"] * 5 + ["pair", "pair"])
    if run is None or run_back is None:
        return None
    kernels = _Pair(activation, run, run_back)
    return PairKernel(kernels.of_two(), kernels.of_halves())


@dataclass(frozen=True)
class _Pair:
    """What both kernels of a pair share."""

    activation: Gated
    run: Callable[..., None]
    run_back: Callable[..., None]

    def slopes(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both gradients by the catalogue's formula, to be differentiated again."""
        of_a, of_b = self.activation.derivative(tensors(a.dtype), a, b)
        return g * of_a, g * of_b

    def of_two(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Of two tensors."""

        def forward(a: Tensor, b: Tensor) -> Tensor:
            y = torch.empty_like(a)
            self.run(a.data_ptr(), b.data_ptr(), y.data_ptr(), _flat(a))
            return y

        def with_context(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
            ctx.save_for_backward(a, b)
            return forward(a, b)

        def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
            a, b = ctx.saved_tensors
            if by_formula(g):
                return self.slopes(g, a, b)
            a, b, g = a.contiguous(), b.contiguous(), g.contiguous()
            da, db = torch.empty_like(a), torch.empty_like(b)
            self.run_back(g.data_ptr(), a.data_ptr(), b.data_ptr(), da.data_ptr(), db.data_ptr(), _flat(a), _flat(a))
            return da, db

        with_backward = autograd_function(self.activation, with_context, backward)

        def call(a: Tensor, b: Tensor) -> Tensor:
            y: Tensor = with_backward(a, b) if torch.is_grad_enabled() and (a.requires_grad or b.requires_grad) else forward(a, b)
            return y

        return call

    def of_halves(self) -> Callable[[Tensor], Tensor]:
        """Of the halves of one tensor; its gradient is written in one piece."""

        def forward(x: Tensor) -> Tensor:
            y = x.new_empty((*x.shape[:-1], x.shape[-1] // 2))
            self.run(x.data_ptr(), _second_half(x), y.data_ptr(), _halves(x))
            return y

        def with_context(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return forward(x)

        def backward(ctx: Any, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            if by_formula(g):
                return torch.cat(self.slopes(g, *x.chunk(2, -1)), dim=-1)
            x, g = x.contiguous(), g.contiguous()
            dx = torch.empty_like(x)
            self.run_back(
                g.data_ptr(), x.data_ptr(), _second_half(x), dx.data_ptr(), _second_half(dx), _halves(x), _halves(x)
            )
            return dx

        with_backward = autograd_function(self.activation, with_context, backward)

        def call(x: Tensor) -> Tensor:
            y: Tensor = with_backward(x) if x.requires_grad and torch.is_grad_enabled() else forward(x)
            return y

        return call


def _flat(a: Tensor) -> Pair:
    return Pair(1, a.numel(), a.numel(), a.numel())


def _halves(x: Tensor) -> Pair:
    width = x.shape[-1]
    return Pair(x.numel() // width if width else 0, width // 2, width, width)


def _second_half(x: Tensor) -> int:
    return x.data_ptr() + x.shape[-1] // 2 * x.element_size()
