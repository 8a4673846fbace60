"""Kernels of activations with a learned value for each channel: PReLU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Activation
from reluctant.operators import tensors

from ._eligible import by_formula, dense, like
from ._kernel import autograd_function
from ._library import ELEMENT_TYPES, Shape, library
from ._signature import signature

PIECE, ROWS = 32768, 64
"""Elements and rows whose sums make one partial sum: GRAIN and ROWS of the library."""


def channelwise(activation: Activation, dtype: torch.dtype) -> Callable[[Tensor, Tensor], Tensor | None] | None:
    """The activation of x and its learned weight; None where nothing is compiled for it.

    What it returns gives None for a tensor whose channels do not lie in memory in an order that the kernel knows.
    """
    form = signature(activation)
    if dtype not in ELEMENT_TYPES:
        return None
    run = library().function(f"{form.name}_forward_{ELEMENT_TYPES[dtype]}", ["tensor", "tensor", "tensor", "shape"])
    run_back = library().function(f"{form.name}_backward_{ELEMENT_TYPES[dtype]}", ["tensor"] * 6 + ["shape"])
    if run is None or run_back is None:
        return None

    def forward(x: Tensor, weight: Tensor, shape: Shape) -> Tensor:
        y = torch.empty_like(x)
        weight = weight.float().contiguous()
        run(x.data_ptr(), y.data_ptr(), weight.data_ptr(), shape)
        return y

    def backward(g: Tensor, x: Tensor, weight: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
        dx, wide = torch.empty_like(x), weight.float().contiguous()
        dweight, partial = torch.empty_like(wide), x.new_empty(_partial_sums(shape), dtype=torch.float64)
        run_back(g.data_ptr(), x.data_ptr(), wide.data_ptr(), dx.data_ptr(), dweight.data_ptr(), partial.data_ptr(), shape)
        return dx, dweight.to(weight.dtype)

    def forward_and_keep(ctx: Any, x: Tensor, weight: Tensor, shape: Shape) -> Tensor:
        ctx.save_for_backward(x, weight)
        return forward(x, weight, shape)

    def backward_or_formula(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        if not by_formula(g):
            shape = _shape(x, weight)
            if shape is None or not dense(x):  # a hook on saved tensors laid it out otherwise
                x = x.contiguous()
                shape = _shape(x, weight)
            assert shape is not None  # it had one forward
            return *backward(like(g, x), x, weight, shape), None
        m, spread = tensors(x.dtype), _spread(weight, x)
        dweight = g * activation.weight_derivative(m, x)  # type: ignore[attr-defined]
        slope = activation.derivative(m, x, spread)  # type: ignore[call-arg]
        return g * slope, dweight.sum_to_size(spread.shape).reshape(weight.shape), None

    with_backward = autograd_function(activation, forward_and_keep, backward_or_formula)

    def call(x: Tensor, weight: Tensor) -> Tensor | None:
        shape = _shape(x, weight)
        if shape is None:
            return None
        y: Tensor = (
            with_backward(x, weight, shape)
            if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
            else forward(x, weight, shape)
        )
        return y

    return call


def _shape(x: Tensor, weight: Tensor) -> Shape | None:
    """How the channels of x lie in memory; None where it is neither channels before the rest nor after it, and where there are none."""
    channels = weight.numel()
    if not x.numel() or not channels or weight.dim() > 1:  # torch refuses a weight of several axes
        return None
    if channels == 1:
        return Shape(1, 1, x.numel())
    if x.dim() < 2 or x.shape[1] != channels:
        return None
    if x.is_contiguous():
        return Shape(x.shape[0], channels, x.numel() // (x.shape[0] * channels))
    if x.dim() in (4, 5) and x.is_contiguous(memory_format=torch.channels_last if x.dim() == 4 else torch.channels_last_3d):
        return Shape(x.numel() // channels, channels, 1)
    return None


def _partial_sums(shape: Shape) -> int:
    """Partial sums that the backward of this shape writes."""
    batches, channels, inner = int(shape.batches), int(shape.channels), int(shape.inner)
    if channels == 1:
        return -(-batches * inner // PIECE)
    return batches * channels if inner > 1 else -(-batches // ROWS) * channels


def _spread(weight: Tensor, x: Tensor) -> Tensor:
    """The weight in a shape that goes with x."""
    return weight.reshape((1, -1) + (1,) * (x.dim() - 2)) if weight.numel() > 1 else weight.reshape((1,) * x.dim())
