"""What a model gains by the activations of reluctant.nn, on this machine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

from reluctant.activations import Activation
from reluctant.kernels._choice import choice
from reluctant.kernels._library import NAMES


@dataclass(frozen=True)
class Gain:
    """Whether it is worth exchanging an activation, and why."""

    worthwhile: bool
    why: str


def gain(activation: Activation, devices: Collection[str]) -> Gain:
    """The gain for tensors on devices of these types."""
    by_reason: dict[str, list[str]] = {}
    served: dict[str, list[str]] = {}
    for device in sorted(devices):
        for dtype in NAMES:
            chosen = choice(activation, dtype, device)
            reasons = by_reason if chosen.kernel is None else served
            where = str(dtype).removeprefix("torch.") + (f" on {device}" if len(devices) > 1 else "")
            reasons.setdefault(chosen.reason, []).append(where)
    return Gain(bool(served), _told(served or by_reason))


def devices_of(model: torch.nn.Module) -> frozenset[str]:
    """The types of device that a model's parameters and buffers lie on; the processor where it has none."""
    tensors = [*model.parameters(), *model.buffers()]
    return frozenset(tensor.device.type for tensor in tensors) or frozenset({"cpu"})


def _told(reasons: dict[str, list[str]]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(dtypes)}: {reason}" for reason, dtypes in reasons.items())
