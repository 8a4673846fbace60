"""Makes compiled kernels, or torch's operators, serve every call; and gives the activations and inputs that both are tried with."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from reluctant.activations import Activation, Gated, all_activations, get
from reluctant.kernels import _choice
from reluctant.kernels._library import ELEMENT_TYPES
from reluctant.operators import torch_operator

KERNELS, TORCH = "kernels", "torch"

SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-30, -1e-30, 1e-42, -1e-42, 17.0, -17.0, 88.9, -88.9, 104.0, -104.0, 1e15, -1e15]
"""Values at which something ends: numbers, exponentials, normal numbers."""

VARIANTS = [
    "gelu_tanh", "elu(alpha=0.7)", "elu(alpha=0)", "elu(alpha=-1)", "celu(alpha=2)", "celu(alpha=-1)", "leaky_relu(0.3)", "leaky_relu(0)",
    "leaky_relu(-0.2)", "leaky_relu(1.5)", "softplus(beta=2)", "softplus(beta=-1)", "softplus(threshold=5)", "hardtanh(-2, 3)",
    "clamp(min=0)", "clamp(min=0, max=6)", "prelu(num_parameters=6)", "rrelu(-0.3, -0.3)",
]
"""Parameters that take other ways: other formulas, slopes of 0 and below, outputs that no longer tell the input."""


def settled(activation: Activation) -> Activation:
    """The activation with nothing left to chance: what it draws is one number."""
    ends = {end: getattr(activation, lower) for lower, upper in activation.drawn.values() for end in (lower, upper)}
    return dataclasses.replace(activation, **ends) if ends else activation


ALL = [settled(activation) for activation in [*all_activations(), *map(get, VARIANTS)]]
HALVES = [torch.bfloat16, torch.float16]
TYPES = [torch.float32, torch.float64, *HALVES]

every = pytest.mark.parametrize("activation", ALL, ids=str)
of_types = pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
of_kernels = pytest.mark.compiled
of_both = pytest.mark.parametrize("served_by", [pytest.param(KERNELS, marks=of_kernels), TORCH])


@contextlib.contextmanager
def serving(by: str) -> Iterator[None]:
    """Calls of any size are served by ``kernels``, where there is one for the type, or by ``torch``."""

    def chosen(choices: _choice.Choices, dtype: torch.dtype) -> _choice.Choice:
        kernel = _choice.kernel_for(choices._activation, dtype) if by == KERNELS and dtype in ELEMENT_TYPES else None
        return _choice.Choice(kernel, 0, "for a test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_choice.Choices, "__getitem__", chosen, raising=False)
        patch.setattr(_choice._Smallest, "__getitem__", lambda sizes, dtype: 0, raising=False)
        yield


@dataclass(frozen=True)
class Subject:
    """An activation to be tried: our function and torch's of the same tensors."""

    activation: Activation
    ours: Callable[..., Tensor]
    theirs: Callable[..., Tensor]

    def inputs(self, x: Tensor) -> list[Tensor]:
        """X with what goes with it: the value of a pair; a learned weight with values on both sides of 0."""
        if isinstance(self.activation, Gated):
            return [x, torch.randn(x.shape, generator=torch.Generator().manual_seed(7)).to(x.dtype)]
        if self.activation.learned:
            count = self.activation.parameters["num_parameters"]
            return [x, torch.linspace(0.25, -0.5, count).to(x.dtype)]
        return [x]


def subject(activation: Activation) -> Subject:
    """The activation's functions, whatever serves them."""
    return Subject(activation, _choice.function(activation), torch_operator(activation))


def fits(activation: Activation, x: Tensor) -> bool:
    """Whether the activation takes a tensor of this shape: learned values for channels ask for these channels."""
    channels = activation.parameters.get("num_parameters", 1)
    return channels == 1 or (x.dim() > 1 and x.shape[1] == channels)


def numbers(*shape: int, dtype: torch.dtype = torch.float32, scale: float = 3.0) -> Tensor:
    """Normal numbers, the same at every call."""
    return (torch.randn(shape, generator=torch.Generator().manual_seed(len(shape) + 1), dtype=torch.float64) * scale).to(dtype)


def gradients(function: Callable[..., Tensor], inputs: list[Tensor], g: Tensor | None = None) -> list[Tensor]:
    """The value and the gradients at all inputs, which are made leaves first; `g` is the gradient at the value."""
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    y = function(*leaves)
    if g is None:
        g = torch.randn(y.shape, generator=torch.Generator().manual_seed(11)).to(y.dtype)
    return [y.detach(), *torch.autograd.grad(y, leaves, g)]


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same numbers, signs of zeros included, and NaN in the same places."""
    nan = one.isnan()
    equal = torch.equal(nan, other.isnan()) and torch.equal(one[~nan], other[~nan])
    return equal and torch.equal(one[~nan].signbit(), other[~nan].signbit())
