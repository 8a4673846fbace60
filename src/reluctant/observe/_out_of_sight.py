"""Keeps our own tensor operations apart from the user's modes and transforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.utils._python_dispatch import _disable_current_modes, is_traceable_wrapper_subclass

_TRACERS = (
    torch._C._TorchDispatchModeKey.FAKE,
    torch._C._TorchDispatchModeKey.FUNCTIONAL,
    torch._C._TorchDispatchModeKey.PROXY,
)


@contextmanager
def out_of_sight() -> Iterator[None]:
    """Our operations record no gradient, and modes, transforms and autocasting of the user's neither see nor change them."""
    with (
        torch._C.DisableTorchFunction(),  # first: modes are called for the others too
        torch.no_grad(),
        torch._C._DisableAutocast(),
        _disable_current_modes(),
        temporarily_clear_interpreter_stack(),
    ):
        yield


def is_inside_a_mode() -> bool:
    """Whether the user has pushed something that would see, or change, our own operations."""
    return bool(torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack() or is_inside_a_transform())


def is_inside_a_transform() -> bool:
    """Whether torch.func is at work: tensors then stand for something that has to be unwrapped."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_tracing() -> bool:
    """Whether operations are only being written down or simulated (compiling, exporting, fake tensors): nothing has a value."""
    return bool(torch._C._len_torch_dispatch_stack()) and any(torch._C._get_dispatch_mode(mode) is not None for mode in _TRACERS)


def is_plain(values: Tensor) -> bool:
    """Whether a tensor is a dense array of numbers: not sparse, nested, without values, or of a class that does as it likes."""
    if values.layout != torch.strided or values.is_nested or values.device.type == "meta" or values.is_quantized:
        return False
    return not is_traceable_wrapper_subclass(values)


def underlying(values: Tensor) -> Tensor:
    """The tensor that one inside a transform of torch.func stands for."""
    while torch._C._functorch.is_functorch_wrapped_tensor(values):
        values = torch._C._functorch.get_unwrapped(values)
    return values


def plain_values(values: Tensor) -> Tensor:
    """The values of a tensor, also inside a transform: the axes that vmap hides are samples, merged with the first visible axis."""
    functorch = torch._C._functorch
    visible = values.dim()
    while functorch.is_functorch_wrapped_tensor(values):
        hidden = functorch.maybe_get_bdim(values)
        values = functorch.get_unwrapped(values)
        if hidden > 0:
            values = values.movedim(hidden, 0)
    values = values.detach()
    return values.flatten(0, values.dim() - visible) if 2 <= visible < values.dim() else values
