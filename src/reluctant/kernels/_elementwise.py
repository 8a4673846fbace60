"""Kernels of activations that nothing but the input decides: float32 by formula, 16-bit floats by table."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from reluctant.activations import Activation

from ._kernel import Forward, differentiable
from ._library import library
from ._signature import signature
from ._tables import HALVES, table


def elementwise(activation: Activation, dtype: torch.dtype) -> Forward | None:
    """The activation of dense tensors of a type, with backward; None where nothing is compiled for it."""
    if dtype is torch.float32:
        return _by_formula(activation)
    return _by_table(activation, dtype) if dtype in HALVES else None


def _by_formula(activation: Activation) -> Forward | None:
    form = signature(activation)
    name, values = form.name, [activation.parameters[parameter] for parameter in form.parameters]
    parameters = ["parameter"] * len(values)
    kept = "output" if activation.output_suffices and form.has_slope_from_output else "input"
    run = library().function(f"{name}_forward", ["tensor", "tensor", "count", *parameters])
    run_back = library().function(f"{name}_backward_from_{kept}", ["tensor", "tensor", "tensor", "count", *parameters])
    from_input = library().function(f"{name}_backward_from_input", ["tensor", "tensor", "tensor", "count", *parameters])
    loses = library().function(f"{name}_lost", ["tensor", "count", *parameters], ctypes.c_int32)
    if run is None or run_back is None or from_input is None:
        return None

    def forward(x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        run(x.data_ptr(), y.data_ptr(), x.numel(), *values)
        return y

    def backward(g: Tensor, source: Tensor) -> Tensor:
        dx = torch.empty_like(source)
        run_back(g.data_ptr(), source.data_ptr(), dx.data_ptr(), source.numel(), *values)
        return dx

    def backward_from_input(g: Tensor, source: Tensor) -> Tensor:
        dx = torch.empty_like(source)
        from_input(g.data_ptr(), source.data_ptr(), dx.data_ptr(), source.numel(), *values)
        return dx

    by_output = differentiable(activation, forward, backward, kept)
    if kept == "input" or loses is None:
        return by_output
    by_input = differentiable(activation, forward, backward_from_input, "input")

    def choose(x: Tensor) -> Tensor:
        lost = x.requires_grad and torch.is_grad_enabled() and loses(x.data_ptr(), x.numel(), *values)
        return by_input(x) if lost else by_output(x)

    return choose


def _by_table(activation: Activation, dtype: torch.dtype) -> Forward | None:
    run = library().function("table_forward", ["tensor", "tensor", "tensor", "count"])
    name = "bfloat16" if dtype is torch.bfloat16 else "float16"
    run_back = library().function(f"table_backward_{name}", ["tensor", "tensor", "tensor", "tensor", "count"])
    if run is None or run_back is None:
        return None
    entries = table(activation, dtype)

    def forward(x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        run(x.data_ptr(), y.data_ptr(), entries.values.data_ptr(), x.numel())
        return y

    def backward(g: Tensor, source: Tensor) -> Tensor:
        dx = torch.empty_like(source)
        run_back(g.data_ptr(), source.data_ptr(), dx.data_ptr(), entries.slopes.data_ptr(), source.numel())
        return dx

    return differentiable(activation, forward, backward, entries.kept)
