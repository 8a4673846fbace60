"""What a model gains by the activations of reluctant.nn, on this machine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

import torch

from reluctant.activations import Activation
from reluctant.kernels import choice

Kind: TypeAlias = "tuple[str, torch.dtype]"
"""Type of device and type of elements of tensors."""


@dataclass(frozen=True)
class Gain:
    """Whether it is worth exchanging an activation, and why."""

    worthwhile: bool
    why: str


def gain(activation: Activation, tensors: Collection[Kind]) -> Gain:
    """The gain for tensors of these kinds."""
    by_reason: dict[str, list[str]] = {}
    served: dict[str, list[str]] = {}
    for device, dtype in sorted(tensors, key=str):
        chosen = choice(activation, dtype, device)
        reasons = by_reason if chosen.kernel is None else served
        start = f"from {chosen.from_elements:,} elements on " if chosen.from_elements else ""
        reasons.setdefault(f"{start}{chosen.reason}", []).append(f"{str(dtype).removeprefix('torch.')} on {device}")
    return Gain(bool(served), _in_words(served or by_reason))


def kinds(model: torch.nn.Module) -> frozenset[Kind]:
    """The kinds of numbers that a model's parameters and buffers are; the default type on the processor where it has none."""
    tensors = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point() or tensor.is_complex()]
    return frozenset((tensor.device.type, tensor.dtype) for tensor in tensors) or frozenset({("cpu", torch.get_default_dtype())})


def _in_words(reasons: dict[str, list[str]]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(where)}: {reason}" for reason, where in reasons.items())
