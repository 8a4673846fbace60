"""Kernels of gated pairs, which keep their two inputs and nothing else: GEGLU, ReGLU, SwiGLU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Gated
from reluctant.operators import tensors

from ._eligible import by_formula
from ._kernel import autograd_function
from ._library import ELEMENT_TYPES, PairLayout, library
from ._signature import signature
from ._tables import HALVES, gate_table


@dataclass(frozen=True)
class PairKernel:
    """A gated pair for one type of elements."""

    of_two: Callable[[Tensor, Tensor], Tensor]
    """Of gate and value of one shape, which lie in rows (`in_rows`)."""
    of_halves: Callable[[Tensor], Tensor]
    """Of a contiguous tensor whose last dimension holds the gate first and then the value."""


def pairs(activation: Gated, dtype: torch.dtype) -> PairKernel | None:
    """The kernels of a pair; None where nothing is compiled for it."""
    if dtype not in ELEMENT_TYPES:
        return None
    name = signature(activation).name
    run = library().function(f"{name}_forward_{ELEMENT_TYPES[dtype]}", ["tensor"] * 3 + ["pair"])
    run_back = library().function(f"{name}_backward_{ELEMENT_TYPES[dtype]}", ["tensor"] * 5 + ["pair", "pair"])
    if (run is None or run_back is None) and dtype in HALVES:
        run, run_back = _by_table(activation, dtype)
    if run is None or run_back is None:
        return None

    def forward(a: Tensor, b: Tensor) -> Tensor:
        y = torch.empty_like(a, memory_format=torch.contiguous_format)
        run(a.data_ptr(), b.data_ptr(), y.data_ptr(), in_rows(a, b))
        return y

    def backward(g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        lie = in_rows(a, b)
        if lie is None:  # a hook on saved tensors may lay them out otherwise
            a, b = a.contiguous(), b.contiguous()
            lie = _flat(a)
        da, db = torch.empty_like(g), torch.empty_like(g)
        out = PairLayout(lie.rows, lie.columns, lie.columns, lie.columns)
        run_back(g.data_ptr(), a.data_ptr(), b.data_ptr(), da.data_ptr(), db.data_ptr(), lie, out)
        return da, db

    def forward_of_halves(x: Tensor) -> Tensor:
        y = x.new_empty((*x.shape[:-1], x.shape[-1] // 2))
        run(x.data_ptr(), _second_half(x), y.data_ptr(), _halves(x))
        return y

    def backward_of_halves(g: Tensor, x: Tensor) -> Tensor:
        x = x.contiguous()
        dx = torch.empty_like(x)
        run_back(g.data_ptr(), x.data_ptr(), _second_half(x), dx.data_ptr(), _second_half(dx), _halves(x), _halves(x))
        return dx

    return pair_kernel(activation, forward, backward, forward_of_halves, backward_of_halves)


def _by_table(activation: Gated, dtype: torch.dtype) -> tuple[Callable[..., None] | None, Callable[..., None] | None]:
    """Forward and backward with the gate looked up."""
    run = library().function(f"gated_table_forward_{ELEMENT_TYPES[dtype]}", ["tensor"] * 5 + ["pair"])
    run_back = library().function(f"gated_table_backward_{ELEMENT_TYPES[dtype]}", ["tensor"] * 6 + ["pair", "pair"])
    if run is None or run_back is None:
        return None, None
    gates = gate_table(activation.gate, dtype)

    def forward(a: int, b: int, y: int, pair: PairLayout) -> None:
        run(a, b, y, gates.values.data_ptr(), gates.exact.data_ptr(), pair)

    def backward(g: int, a: int, b: int, da: int, db: int, pair: PairLayout, out: PairLayout) -> None:
        run_back(g, a, b, da, db, gates.values_and_slopes.data_ptr(), pair, out)

    return forward, backward


def pair_kernel(
    activation: Gated,
    forward: Callable[[Tensor, Tensor], Tensor],
    backward: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
    forward_of_halves: Callable[[Tensor], Tensor],
    backward_of_halves: Callable[[Tensor, Tensor], Tensor],
) -> PairKernel:
    """The kernels of a pair with their backward, which is given g and the inputs.

    Second derivatives and batches of gradients are computed by the catalogue's formula with torch's own operators.
    """

    def by_slopes(g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        of_a, of_b = activation.derivative(tensors(a.dtype), a, b)
        return g * of_a, g * of_b

    def by_slopes_of_halves(g: Tensor, x: Tensor) -> Tensor:
        return torch.cat(by_slopes(g, *x.chunk(2, -1)), dim=-1)

    two = _keeping_inputs(activation, forward, backward, by_slopes)
    halves = _keeping_inputs(activation, forward_of_halves, backward_of_halves, by_slopes_of_halves)

    def of_two(a: Tensor, b: Tensor) -> Tensor:
        y: Tensor = two(a, b) if torch.is_grad_enabled() and (a.requires_grad or b.requires_grad) else forward(a, b)
        return y

    def of_halves(x: Tensor) -> Tensor:
        y: Tensor = halves(x) if x.requires_grad and torch.is_grad_enabled() else forward_of_halves(x)
        return y

    return PairKernel(of_two, of_halves)


def _keeping_inputs(
    activation: Gated, forward: Callable[..., Tensor], backward: Callable[..., Any], formula: Callable[..., Any]
) -> Callable[..., Any]:
    def forward_and_keep(ctx: Any, *inputs: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs)
        return forward(*inputs)

    def backward_or_formula(ctx: Any, g: Tensor) -> Any:
        return formula(g, *ctx.saved_tensors) if by_formula(g) else backward(g.contiguous(), *ctx.saved_tensors)

    return autograd_function(activation, forward_and_keep, backward_or_formula)


def in_rows(a: Tensor, b: Tensor) -> PairLayout | None:
    """How two tensors of one shape lie, such as those of ``x.chunk(2, -1)``; None unless its rows are equally far apart."""
    if a.is_contiguous() and b.is_contiguous():
        return _flat(a)
    a_stride, b_stride = _row_stride(a), _row_stride(b)
    if a_stride is None or b_stride is None:
        return None
    return PairLayout(a.numel() // a.shape[-1], a.shape[-1], a_stride, b_stride)


def _row_stride(a: Tensor) -> int | None:
    shape, strides = a.shape, a.stride()
    if len(shape) < 2 or strides[-1] != 1:
        return None
    expected = strides[-2] * shape[-2]
    for size, stride in zip(shape[-3::-1], strides[-3::-1], strict=True):
        if size != 1 and stride != expected:
            return None
        expected *= size
    return strides[-2]


def _flat(a: Tensor) -> PairLayout:
    return PairLayout(1, a.numel(), a.numel(), a.numel())


def _halves(x: Tensor) -> PairLayout:
    width = x.shape[-1]
    return PairLayout(x.numel() // width if width else 0, width // 2, width, width)


def _second_half(x: Tensor) -> int:
    return x.data_ptr() + x.shape[-1] // 2 * x.element_size()
