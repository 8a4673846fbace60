"""Sizes of tensors, whatever their precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(slots=True)
class Moments:
    """Sums over values as they come, of which the mean and the root mean square are wanted."""

    square: float = 0.0
    total: float = 0.0
    entries: int = 0

    def add(self, values: Tensor, *, scale: float = 1.0, total: float = 0.0) -> None:
        """Add values, which are those that count times `scale`, and whose sum is `total`."""
        self.square += square_sum(values) / scale**2
        self.total += total
        self.entries += values.numel()

    @property
    def mean(self) -> float | None:
        """The mean; None of no values."""
        return self.total / self.entries if self.entries else None

    @property
    def rms(self) -> float | None:
        """The root of the mean square; None of no values."""
        return (self.square / self.entries) ** 0.5 if self.entries else None


def square_sum(values: Tensor) -> float:
    """Sum of the squares; half precision is added up in single."""
    wide = torch.float32 if values.dtype in (torch.float16, torch.bfloat16) else None
    return float(torch.linalg.vector_norm(values, dtype=wide)) ** 2


def root_mean_square(values: Tensor) -> float:
    """Root of the mean square; 0 for an empty tensor."""
    return float((square_sum(values) / values.numel()) ** 0.5) if values.numel() else 0.0


def widest(values: Tensor) -> torch.dtype:
    """The type to add values up in: double precision, except on the one device that lacks it."""
    return torch.float32 if values.device.type == "mps" else torch.float64
