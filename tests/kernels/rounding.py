"""Rounds to 16-bit floats by search among all that there are: independent of every conversion that torch and the kernels make."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

UNSURE = 2.0**-44
"""Relative error that exact values in double precision are trusted to stay below."""


def all_values(dtype: torch.dtype) -> np.ndarray:
    """Every finite value from 0 up, in order: the order of their bits."""
    bits = torch.arange(2**15, dtype=torch.int32).to(torch.int16)
    values = bits.view(dtype).double()
    return values[values.isfinite()].numpy()


def wrongly_rounded(found: Tensor, exact: Tensor, *, strict: bool = False) -> Tensor:
    """Where `found` is not `exact` (of float64) rounded to nearest, ties to even.

    Unless `strict`, both neighbours are right for an exact value that is as good as half-way between them.
    """
    values = all_values(found.dtype)
    wanted, size = exact.numpy(), np.abs(exact.numpy())
    above = np.minimum(np.searchsorted(values, size), len(values) - 1)
    below = np.maximum(above - 1, 0)
    middle = (values[above] + values[below]) / 2
    place = np.where(size > middle, above, np.where(size < middle, below, np.where(above % 2 == 0, above, below)))
    nearest = values[place]
    last = values[-1]
    nearest = np.where(size >= last + (last - values[-2]) / 2, np.inf, np.where(size >= last, last, nearest))
    got = found.double().numpy()
    right = np.abs(got) == nearest
    if not strict:
        close = np.abs(size - middle) <= UNSURE * size
        right |= close & ((np.abs(got) == values[above]) | (np.abs(got) == values[below]))
    right &= (got == 0) | (np.sign(got) == np.sign(wanted))
    return torch.from_numpy(~np.where(np.isnan(wanted), np.isnan(got), right))
