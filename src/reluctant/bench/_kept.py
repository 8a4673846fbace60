"""Bytes that an activation makes autograd keep between two linear layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from ._member import Subject


def kept_bytes(function: Callable[..., Tensor], case: Subject) -> float:
    """For each element of the output, beyond the output itself, which the next linear layer keeps, and beyond learned parameters."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
        # The copy stands for the output of a linear layer, which that layer itself does not keep.
        before = case.inputs[0] * 1.0
        output = function(before, *case.inputs[1:])
    apart = {tensor.untyped_storage().data_ptr() for tensor in (output, *case.inputs)}
    return sum(size for place, size in kept.items() if place not in apart) / output.numel()
