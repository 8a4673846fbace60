"""The arithmetic of the catalogue's formulas on tensors: differentiable, of any device and type, and a little slow."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Arithmetic


class Tensors:
    """`Arithmetic` on tensors of one type: each operation is torch's own, so formulas can be differentiated any number of times."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    abs = staticmethod(torch.abs)
    reciprocal = staticmethod(torch.reciprocal)
    exp = staticmethod(torch.exp)
    expm1 = staticmethod(torch.expm1)
    log = staticmethod(torch.log)
    log1p = staticmethod(torch.log1p)
    sin = staticmethod(torch.sin)
    cos = staticmethod(torch.cos)
    tanh = staticmethod(torch.tanh)
    sigmoid = staticmethod(torch.sigmoid)

    def sqrt(self, x: Tensor) -> Tensor:
        """√x, with the derivative 0 at 0 in the place of infinity: where a formula meets it there, it is multiplied by 0."""
        zero = x == 0
        return torch.where(zero, x.detach(), torch.sqrt(torch.where(zero, 1.0, x)))

    def softplus(self, x: Tensor) -> Tensor:
        """ln(1 + e^x), without torch's threshold."""
        return torch.logaddexp(x, torch.zeros_like(x))

    def normal_share(self, x: Tensor) -> Tensor:
        """Φ(x), by erfc, which keeps its relative precision far below 0."""
        share: Tensor = 0.5 * torch.special.erfc(-x / math.sqrt(2))
        return share

    def normal_density(self, x: Tensor) -> Tensor:
        """φ(x)."""
        return torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

    def minimum(self, a: Any, b: Any) -> Tensor:
        """The smaller; at a tie with a number the gradient is the tensor's."""
        return torch.minimum(*_both(a, b)) if isinstance(b, Tensor) else torch.clamp(a, max=b)

    def maximum(self, a: Any, b: Any) -> Tensor:
        """The larger; at a tie with a number the gradient is the tensor's."""
        return torch.maximum(*_both(a, b)) if isinstance(b, Tensor) else torch.clamp(a, min=b)

    def where(self, condition: Tensor, a: Any, b: Any) -> Tensor:
        """`a` where the condition holds, else `b`."""
        if not isinstance(a, Tensor) and not isinstance(b, Tensor):
            return torch.where(condition, torch.tensor(a, dtype=self.dtype), torch.tensor(b, dtype=self.dtype))
        return torch.where(condition, a, b)


def _both(a: Any, b: Tensor) -> tuple[Tensor, Tensor]:
    return a if isinstance(a, Tensor) else torch.full_like(b, a), b


@functools.cache
def tensors(dtype: torch.dtype) -> Arithmetic:
    """The arithmetic of tensors of this type."""
    return Tensors(dtype)
