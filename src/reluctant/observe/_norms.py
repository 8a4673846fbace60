"""Sizes of tensors, whatever their precision."""

from __future__ import annotations

import torch
from torch import Tensor


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
