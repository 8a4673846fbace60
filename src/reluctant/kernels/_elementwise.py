"""Kernels of activations that nothing but the input decides: by formula, and of 16-bit floats by table where that is faster."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Activation

from ._kernel import Backward, Forward, differentiable
from ._library import ELEMENT_TYPES, library
from ._signature import Signature, signature
from ._tables import HALVES, ActivationTable, every, places, same, table


def elementwise(activation: Activation, dtype: torch.dtype) -> Forward | None:
    """The activation of dense tensors of a type, with backward; None where nothing is compiled for it."""
    if dtype is torch.float32:
        return _of_floats(activation)
    return _of_halves(activation, dtype) if dtype in HALVES else None


@dataclass(frozen=True)
class Compiled:
    """The compiled functions of one activation with its parameters for one type of elements."""

    form: Signature
    kind: str
    """The type, as the library names it."""
    values: tuple[float, ...]

    def _function(self, name: str, arguments: Sequence[str], returns: Any = None) -> Callable[..., Any] | None:
        return library().function(f"{self.form.name}_{name}", [*arguments, *["parameter"] * len(self.values)], returns)

    def forward(self) -> Forward | None:
        """Y from x."""
        run, values = self._function(f"forward_{self.kind}", ["tensor", "tensor", "count"]), self.values

        def forward(x: Tensor) -> Tensor:
            y = torch.empty_like(x)
            run(x.data_ptr(), y.data_ptr(), x.numel(), *values)  # type: ignore[misc]
            return y

        return forward if run is not None else None

    def backward(self, kept: str) -> Backward | None:
        """Dx from g and what was kept."""
        run, values = self._function(f"backward_from_{kept}_{self.kind}", ["tensor", "tensor", "tensor", "count"]), self.values

        def backward(g: Tensor, source: Tensor) -> Tensor:
            dx = torch.empty_like(source)
            run(g.data_ptr(), source.data_ptr(), dx.data_ptr(), source.numel(), *values)  # type: ignore[misc]
            return dx

        return backward if run is not None else None

    def loses(self) -> Callable[[Tensor], bool]:
        """Whether the output of x no longer tells the slope."""
        run, values = self._function("lost", ["tensor", "count"], ctypes.c_int32), self.values
        return (lambda x: bool(run(x.data_ptr(), x.numel(), *values))) if run is not None else (lambda x: False)


def _compiled(activation: Activation, dtype: torch.dtype) -> Compiled:
    form = signature(activation)
    return Compiled(form, ELEMENT_TYPES[dtype], tuple(float(activation.parameters[name]) for name in form.parameters))


def _of_floats(activation: Activation) -> Forward | None:
    compiled = _compiled(activation, torch.float32)
    forward, from_input = compiled.forward(), compiled.backward("input")
    if forward is None or from_input is None:
        return None
    by_input = differentiable(activation, forward, from_input, "input")
    from_output = compiled.backward("output") if activation.output_suffices else None
    if from_output is None:
        return by_input
    by_output = differentiable(activation, forward, from_output, "output")
    if not compiled.form.may_lose_the_input:
        return by_output
    loses = compiled.loses()

    def unless_lost(x: Tensor) -> Tensor:
        return by_input(x) if x.requires_grad and torch.is_grad_enabled() and loses(x) else by_output(x)

    return unless_lost


def _of_halves(activation: Activation, dtype: torch.dtype) -> Forward | None:
    """By formula where that is compiled and correctly rounded for each of the 65,536 inputs there are, else by table."""
    entries, compiled = table(activation, dtype), _compiled(activation, dtype)
    forward, backward = compiled.forward(), compiled.backward(entries.kept)
    if forward is not None and backward is not None and same(forward(every(dtype)), entries.values[places(every(dtype))]):
        return differentiable(activation, forward, backward, entries.kept)
    return _by_table(activation, dtype, entries)


def _by_table(activation: Activation, dtype: torch.dtype, entries: ActivationTable) -> Forward | None:
    run = library().function("table_forward", ["tensor", "tensor", "tensor", "count"])
    run_back = library().function(f"table_backward_{ELEMENT_TYPES[dtype]}", ["tensor", "tensor", "tensor", "tensor", "count"])
    if run is None or run_back is None:
        return None

    def forward(x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        run(x.data_ptr(), y.data_ptr(), entries.values.data_ptr(), x.numel())
        return y

    def backward(g: Tensor, source: Tensor) -> Tensor:
        dx = torch.empty_like(source)
        run_back(g.data_ptr(), source.data_ptr(), dx.data_ptr(), entries.slopes.data_ptr(), source.numel())
        return dx

    return differentiable(activation, forward, backward, entries.kept)
