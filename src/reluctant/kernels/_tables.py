"""Tables of an activation for 16-bit floats: the value and the slope for each of the 65,536 inputs there are."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from reluctant.activations import Activation
from reluctant.operators import tensors

HALVES = (torch.bfloat16, torch.float16)
"""Types of 16 bits."""


@dataclass(frozen=True)
class ActivationTable:
    """The tables of one activation for one type."""

    values: Tensor
    """65,536 of the type: f(x), correctly rounded, at the place that the bits of x name."""
    slopes: Tensor
    """65,536 of float32: f'(x), or f' from y = f(x), at the place that the bits of x or y name."""
    kept: str
    """What `slopes` is looked up by: ``input`` or ``output``."""


@functools.lru_cache(maxsize=64)
def table(activation: Activation, dtype: torch.dtype) -> ActivationTable:
    """The tables of an activation; about 20 ms where they are not known yet, and 384 KB. The 64 used last are kept."""
    x = every(dtype)
    with torch.no_grad(), torch.device("cpu"):
        wide = x.double()
        y = activation.forward(tensors(torch.float64), wide)
        values = correctly_rounded(torch.where(wide.isnan(), wide, y), dtype)
        slopes = activation.derivative(tensors(torch.float64), wide)
        kept = "input"
        if activation.output_suffices:
            from_output = activation.derivative_from_output(tensors(torch.float64), wide)
            if activation.torch_keeps == ("output",) or _as_good(from_output, values, slopes, dtype):
                kept, slopes = "output", from_output
    return ActivationTable(_in_order(values, places(x)), _in_order(slopes.expand_as(wide).float(), places(x)), kept)


@dataclass(frozen=True)
class GateTable:
    """The tables of a gated pair's gate for one type of 16 bits, at the place that the bits of the gate's input name."""

    values: Tensor
    """65,536 of float32: the gate; NaN where it is too near to 0 for the type to hold all of its digits."""
    exact: Tensor
    """65,536 of float64: the gate."""
    values_and_slopes: Tensor
    """65,536 × 2 of float32: the gate and its slope."""


@functools.lru_cache(maxsize=16)
def gate_table(gate: Activation, dtype: torch.dtype) -> GateTable:
    """The tables of a gate; about 20 ms where they are not known yet, and 1.3 MB. The 16 used last are kept."""
    x = every(dtype)
    with torch.no_grad(), torch.device("cpu"):
        wide = x.double()
        exact = gate.forward(tensors(torch.float64), wide)
        slopes = gate.derivative(tensors(torch.float64), wide).expand_as(wide)
        values = exact.float()
        normal = (exact == 0) | (exact.abs() >= torch.finfo(torch.float32).smallest_normal)
        order = places(x)
        return GateTable(
            _in_order(torch.where(normal, values, torch.nan), order),
            _in_order(exact, order),
            _in_order(torch.stack([values, slopes.float()], dim=-1), order),
        )


def every(dtype: torch.dtype) -> Tensor:
    """Every value of a type of 16 bits, NaN and ±∞ included."""
    return torch.arange(-(2**15), 2**15, dtype=torch.int32, device="cpu").to(torch.int16).view(dtype)


def places(x: Tensor) -> Tensor:
    """Where tables hold the entries of these values."""
    return x.view(torch.int16).int() & 0xFFFF


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of 16-bit floats have the same bits, or NaN in the same places."""
    return bool(((a.view(torch.int16) == b.view(torch.int16)) | (a.isnan() & b.isnan())).all())


def _in_order(entries: Tensor, order: Tensor) -> Tensor:
    placed = torch.empty_like(entries)
    placed[order] = entries
    return placed


def _as_good(from_output: Tensor, values: Tensor, slopes: Tensor, dtype: torch.dtype) -> bool:
    """Whether the slope from the rounded output is within one unit in the last place of the slope from the input, for every input."""
    by_value = from_output[values.view(torch.int16).int() + 2**15]
    error = (by_value - slopes).abs()
    finite = slopes.isfinite() & values.isfinite()
    return bool((error <= torch.finfo(dtype).eps * slopes.abs())[finite].all())


def correctly_rounded(exact: Tensor, dtype: torch.dtype) -> Tensor:
    """Float64 rounded once to a type of 16 bits, ties to even.

    Torch rounds to float32 on the way, which could make a tie of what is none. Here that first step rounds to odd: what is not exact gets
    a last bit of 1 and stays on its side of every tie.
    """
    near = exact.float()
    bits = near.view(torch.int32)
    odd = torch.where(near.double().abs() > exact.abs(), bits - 1, bits) | 1
    return torch.where((near.double() == exact) | exact.isnan(), bits, odd).view(torch.float32).to(dtype)
