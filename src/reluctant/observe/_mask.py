"""Tells masks that follow the sign of what they are put on, which makes a ReLU, from those that come from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.autograd.graph import Node

from ._activation_node import MAXIMUM, read_activation
from ._layer_record import recompute_output
from ._operations import operation_name
from ._saved_tensor import saved_tensor

_WEIGHT_AND_BIAS = {"addmm": (2, 0), "mm": (1, None), "convolution": (1, 2)}
"""Which inputs of a layer's operation are its weight and its bias."""


@dataclass(frozen=True, slots=True)
class Mask:
    """An activation that a user makes of a mask and what passes it, which is read as an `ActivationNode` is: the mask is the slope."""

    name: str
    keeps: ClassVar[str] = ""
    largest_slope: ClassVar[float] = 1.0

    @staticmethod
    def slope(mask: Tensor) -> Tensor:
        """The mask itself."""
        return mask

    @staticmethod
    def output(mask: Tensor) -> None:
        """A mask does not tell the output."""


MASKS = {name: Mask(name) for name in ("mask", "where")}
"""By the operation: ``x * mask``, ``where(mask, x, 0)``."""


def saved_mask(operation: str, node: Node) -> Tensor | None:
    """The mask that ``x * mask`` or ``where(mask, x, 0)`` keeps, as numbers."""
    if operation == "where":
        mask = saved_tensor(node, "condition")
        passes_first = node.next_functions[0][0] is not None
        mask = mask if passes_first or mask is None else ~mask
    else:
        mask = saved_tensor(node, "other")
        mask = mask if mask is not None else saved_tensor(node, "self")
    return mask.to(torch.float32) if mask is not None else None


def is_mask(factor: Tensor, axes: int) -> bool:
    """Whether a factor of a product with so many axes chooses what passes: it is 0 or 1, and 0 somewhere."""
    if factor.dim() != axes or factor.is_complex():
        return False
    return bool((factor == 0).any()) and bool(((factor == 0) | (factor == 1)).all())


def follows_sign(mask: Tensor, values: Tensor | None) -> bool | None:
    """Whether `mask` is 1 where `values`, of which there may be fewer rows, are above 0; None where they are not known."""
    if values is None or values.dim() != mask.dim() or values.shape[1:] != mask.shape[1:]:
        return None
    n = min(len(values), len(mask))
    return bool(((values[:n] > 0) == (mask[:n] != 0)).all())


def output_of(node: Node) -> Tensor | None:
    """The output of an autograd node, or its first rows, where that follows from what is kept; else None."""
    activation = read_activation(node.name(), node) if node.name() != MAXIMUM else None
    if activation is not None:
        kept = saved_tensor(node, activation.keeps)
        return activation.output(kept) if kept is not None else None
    name = operation_name(node.name())
    if name not in _WEIGHT_AND_BIAS:
        return None
    weight, bias = (_leaf(node.next_functions[at][0]) if at is not None else None for at in _WEIGHT_AND_BIAS[name])
    found = recompute_output(name, node, weight, bias)
    return found[0] if found is not None else None


def _leaf(node: Node | None) -> Tensor | None:
    while node is not None and node.name() == "TBackward0":
        node = node.next_functions[0][0]
    variable = getattr(node, "variable", None)
    return variable if isinstance(variable, Tensor) else None
