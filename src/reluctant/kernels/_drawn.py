"""Kernels of activations that draw a value for each element in training: RReLU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Activation
from reluctant.operators import tensors

from ._eligible import by_formula, like
from ._kernel import Forward, autograd_function
from ._library import ELEMENT_TYPES, library
from ._signature import signature


def drawn(activation: Activation, dtype: torch.dtype) -> Forward | None:
    """The training form of the activation; None where nothing is compiled for it.

    One number of torch's default generator is the seed of the call, and the values follow from it by Philox4x32-10: the same for any number
    of threads, reproduced by `torch.manual_seed`, by a saved state of the generator and inside checkpointed regions. Backward draws
    them again, so none are kept.
    """
    form = signature(activation)
    if dtype not in ELEMENT_TYPES:
        return None
    values = [activation.parameters[name] for name in form.parameters]
    # In 16 bits too: what is rounded keeps its sign, and 0 belongs to the side below.
    kept = "output" if activation.output_suffices and form.has_slope_from_output else "input"
    rest = ["count", "seed", *["parameter"] * len(values)]
    run = library().function(f"{form.name}_forward_{ELEMENT_TYPES[dtype]}", ["tensor", "tensor", *rest])
    run_back = library().function(f"{form.name}_backward_from_{kept}_{ELEMENT_TYPES[dtype]}", ["tensor"] * 3 + rest)
    if run is None or run_back is None:
        return None

    def forward(x: Tensor, seed: int) -> Tensor:
        y = torch.empty_like(x)
        run(x.data_ptr(), y.data_ptr(), x.numel(), seed, *values)
        return y

    def forward_and_keep(ctx: Any, x: Tensor, seed: int) -> Tensor:
        y = forward(x, seed)
        ctx.save_for_backward(y if kept == "output" else x)
        ctx.seed, ctx.stride = seed, y.stride()
        return y

    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        (source,) = ctx.saved_tensors
        if source.stride() != ctx.stride:  # a hook on saved tensors laid it out otherwise; draws go by the place in memory
            source = source.new_empty_strided(source.shape, ctx.stride).copy_(source)
        if by_formula(g):
            slope: Any = activation.derivative_from_output if kept == "output" else activation.derivative
            return g * slope(tensors(source.dtype), source, _values(activation, source, ctx.seed)), None
        dx, g = torch.empty_like(source), like(g, source)
        run_back(g.data_ptr(), source.data_ptr(), dx.data_ptr(), source.numel(), ctx.seed, *values)
        return dx, None

    with_backward = autograd_function(activation, forward_and_keep, backward, kept)

    def call(x: Tensor) -> Tensor:
        seed = int(torch.empty((), dtype=torch.int64).random_())
        y: Tensor = with_backward(x, seed) if x.requires_grad and torch.is_grad_enabled() else forward(x, seed)
        return y

    return call


def _values(activation: Activation, source: Tensor, seed: int) -> Tensor:
    """The values that a call with this seed drew, laid out as the elements of `source` are in memory."""
    numbers = torch.empty_like(source, dtype=torch.float32)
    draw = library().function("numbers", ["tensor", "seed", "count"])
    assert draw is not None  # a kernel ran forward, so the library is there
    draw(numbers.data_ptr(), seed, numbers.numel())
    ((lower, upper),) = (tuple(float(getattr(activation, name)) for name in ends) for ends in activation.drawn.values())
    return (lower + (upper - lower) * numbers).to(source.dtype)
