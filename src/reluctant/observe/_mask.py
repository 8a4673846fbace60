"""Tells masks that follow the sign of what they are put on, which makes a ReLU, from those that come from elsewhere."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ._layer_record import recompute_output
from ._operations import operation_name
from ._saved_tensor import saved_tensor
from ._slopes import is_activation, read_operation

_WEIGHT_AND_BIAS = {"addmm": (2, 0), "mm": (1, None), "convolution": (1, 2)}
"""Which inputs of a layer's operation are its weight and its bias."""


def is_mask(factor: Tensor | None, axes: int) -> bool:
    """Whether a factor of a product with so many axes chooses what passes: it is 0 or 1, and 0 somewhere."""
    if factor is None or factor.dim() != axes or factor.is_complex():
        return False
    return bool((factor == 0).any()) and bool(((factor == 0) | (factor == 1)).all())


def follows_sign(mask: Tensor, values: Tensor | None) -> bool | None:
    """Whether `mask` is 1 where `values`, of which there may be fewer rows, are above 0; None where they are not known."""
    if values is None or values.dim() != mask.dim() or values.shape[1:] != mask.shape[1:]:
        return None
    n = min(len(values), len(mask))
    return bool(((values[:n] > 0) == (mask[:n] != 0)).all())


def known_values(node: Any) -> Tensor | None:
    """The output of an autograd node, or its first rows, where that follows from what is kept; else None."""
    if node is None:
        return None
    if is_activation(node.name()):
        operation = read_operation(node.name(), node)
        kept = saved_tensor(node, operation.keeps) if operation is not None else None
        return operation.output(kept) if operation is not None and operation.output is not None and kept is not None else None
    name = operation_name(node.name())
    if name not in _WEIGHT_AND_BIAS:
        return None
    weight, bias = (_leaf(node.next_functions[at][0]) if at is not None else None for at in _WEIGHT_AND_BIAS[name])
    found = recompute_output(name, node, weight, bias)
    return found[0] if found is not None else None


def _leaf(node: Any) -> Tensor | None:
    while node is not None and node.name() == "TBackward0":
        node = node.next_functions[0][0]
    variable = getattr(node, "variable", None)
    return variable if isinstance(variable, Tensor) else None
