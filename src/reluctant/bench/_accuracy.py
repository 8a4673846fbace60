"""Errors of an activation and of its gradient in units in the last place, over the whole range of float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from reluctant.activations import Activation, Gated
from reluctant.kernels import function_by, kernel_choices
from reluctant.operators import tensors, torch_operator

PATTERNS = 2**32
"""Bit patterns that 32 bits have."""
CHUNK = 1_000_000
"""Inputs that are compared at a time."""


@dataclass(frozen=True)
class Error:
    """How far results are from float64 rounded: in units in the last place of the exact value."""

    largest: float | None
    """None where a result is infinite or no number though the exact value is finite."""
    at: float
    """The input of the largest error."""
    mean: float
    samples: int


@dataclass(frozen=True)
class Accuracy:
    """Errors of both implementations, forward and of the slope."""

    forward: Error
    forward_by_torch: Error
    gradient: Error
    gradient_by_torch: Error
    gradient_absolute: float
    """Largest error of the slope in units in the last place of the largest slope: what counts where slopes add up in a gradient."""
    gradient_absolute_by_torch: float


def accuracy(activation: Activation, samples: int = 10_000_000) -> Accuracy | None:
    """Errors over evenly spaced bit patterns of float32, all finite ones of them; None where there is no float32 kernel to compare.

    Exact values are the catalogue's formulas in float64. Pairs, learned and drawn activations are products of what is measured elsewhere
    and are left out.
    """
    forced = kernel_choices(activation, torch.float32)
    if forced is None or isinstance(activation, Gated) or activation.learned or activation.drawn:
        return None
    kernel = function_by(activation, forced)
    found = {name: _Worst() for name in ("forward", "forward_by_torch", "gradient", "gradient_by_torch")}
    step, largest_slope, absolute = max(1, PATTERNS // samples), 0.0, {"": 0.0, "_by_torch": 0.0}
    for start in range(0, PATTERNS, step * CHUNK):
        x = _floats(start, min(start + step * CHUNK, PATTERNS), step)
        if not x.numel():
            continue
        wide = x.double()
        y = activation.forward(tensors(torch.float64), wide)
        slope = activation.derivative(tensors(torch.float64), wide) + torch.zeros_like(wide)
        largest_slope = max(largest_slope, _largest(slope))
        for suffix, operator in (("", kernel), ("_by_torch", torch_operator(activation))):
            value, gradient = _both(operator, x)
            found[f"forward{suffix}"].add(x, value, y)
            found[f"gradient{suffix}"].add(x, gradient, slope)
            apart = (gradient.double() - slope).abs()
            absolute[suffix] = max(absolute[suffix], _largest(apart))
    unit = float(ulp(torch.tensor(min(largest_slope, 1e30), dtype=torch.float64)))
    errors = {name: worst.error() for name, worst in found.items()}
    return Accuracy(**errors, gradient_absolute=absolute[""] / unit, gradient_absolute_by_torch=absolute["_by_torch"] / unit)


def _largest(values: Tensor) -> float:
    """The largest size among the finite values; 0 where there are none."""
    finite = values[values.isfinite()].abs()
    return float(finite.max()) if finite.numel() else 0.0


def _floats(start: int, stop: int, step: int) -> Tensor:
    bits = torch.arange(start, stop, step, dtype=torch.int64)
    x = torch.where(bits >= 2**31, bits - 2**32, bits).to(torch.int32).view(torch.float32)
    return x[x.isfinite()]


def _both(operator: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.clone().requires_grad_()
    y = operator(leaf)
    (gradient,) = torch.autograd.grad(y, leaf, torch.ones_like(y))
    return y.detach(), gradient


class _Worst:
    """The largest error so far, and the sum of all."""

    def __init__(self) -> None:
        self.largest, self.at, self.sum, self.samples = 0.0, 0.0, 0.0, 0

    def add(self, x: Tensor, result: Tensor, exact: Tensor) -> None:
        """Count these results. Where the exact value is no float32 (too large, or no number at all) nothing is compared."""
        comparable = exact.abs() <= torch.finfo(torch.float32).max
        error = ((result.double() - exact).abs() / ulp(exact))[comparable]
        error = torch.where(error.isnan(), torch.inf, error)
        if error.numel():
            largest, place = error.max(0)
            if float(largest) > self.largest:
                self.largest, self.at = float(largest), float(x[comparable][place])
            self.sum += float(error.clamp(max=1e6).sum())
            self.samples += error.numel()

    def error(self) -> Error:
        """What was found."""
        largest = self.largest if math.isfinite(self.largest) else None
        return Error(largest, self.at, self.sum / max(self.samples, 1), self.samples)


def ulp(exact: Tensor) -> Tensor:
    """The distance of neighbouring float32 at these values."""
    exponent = torch.frexp(exact)[1].clamp(min=-125)
    return torch.ldexp(torch.ones_like(exact), exponent - 24)
