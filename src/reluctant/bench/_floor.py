"""What streaming tensors through memory costs: no activation can be faster."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ._timing import interleaved


@dataclass(frozen=True)
class Floor:
    """Nanoseconds of one thread for each element, without allocation."""

    dtype: str
    elements: int
    copy_ns: float
    """One read, one write: the least that forward can take."""
    add_ns: float
    """Two reads, one write: the least that backward can take."""


def floor(dtype: torch.dtype, elements: int, *, rounds: int = 9) -> Floor:
    """Measure it, by torch's own copy and sum into tensors that are there."""
    a, b = torch.ones(elements, dtype=dtype), torch.ones(elements, dtype=dtype)
    out = torch.empty_like(a)
    times = interleaved({"copy": lambda: out.copy_(a), "add": lambda: torch.add(a, b, out=out)}, rounds=rounds)
    per_element = 1e9 / elements
    name = str(dtype).removeprefix("torch.")
    return Floor(name, elements, times.median("copy") * per_element, times.median("add") * per_element)
