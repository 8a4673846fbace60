"""Keeps our own tensor operations apart from the user's modes and transforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from reluctant.instrument import torch_private

no_torch_function = torch_private.NO_TORCH_FUNCTION.get()
_no_autocast = torch_private.NO_AUTOCAST.get()
_no_modes = torch_private.NO_MODES.get()
_no_transforms = torch_private.NO_TRANSFORMS.get()
_dispatch_modes = torch_private.DISPATCH_MODES.get()
_function_modes = torch_private.FUNCTION_MODES.get()
_dispatch_mode = torch_private.MODE.get()
_transform = torch_private.TRANSFORM.get()
_is_wrapper = torch_private.IS_WRAPPER.get()
_is_wrapped = torch_private.IS_WRAPPED.get()
_unwrapped = torch_private.UNWRAPPED.get()
_batch_axis = torch_private.BATCH_AXIS.get()
_TRACERS = (torch_private.FAKE.get(), torch_private.FUNCTIONAL.get(), torch_private.PROXY.get())


@contextmanager
def out_of_sight() -> Iterator[None]:
    """Our operations record no gradient, and modes, transforms and autocasting of the user's neither see nor change them."""
    users = torch.is_grad_enabled()
    try:
        with (
            no_torch_function(),  # first: modes are called for the others too
            torch.no_grad(),
            _no_autocast(),
            _no_modes(),
            _no_transforms(),
        ):
            yield
    finally:
        if torch.is_grad_enabled() != users:  # a signal handler raised in no_grad's own __enter__ or __exit__, which are python
            torch.set_grad_enabled(users)


def is_inside_a_mode() -> bool:
    """Whether the user has pushed something that would see, or change, our own operations."""
    return bool(_dispatch_modes() or _function_modes() or is_inside_a_transform())


def is_inside_a_transform() -> bool:
    """Whether torch.func is at work: tensors then stand for something that has to be unwrapped."""
    return _transform() is not None


def is_tracing() -> bool:
    """Whether operations are only being written down or simulated (compiling, exporting, fake tensors): nothing has a value."""
    return bool(_dispatch_modes()) and any(_dispatch_mode(mode) is not None for mode in _TRACERS)


def is_plain(values: Tensor) -> bool:
    """Whether a tensor is a dense array of numbers: not sparse, nested, without values, or of a class that does as it likes."""
    if values.layout != torch.strided or values.is_nested or values.device.type == "meta" or values.is_quantized:
        return False
    return not _is_wrapper(values)


def underlying(values: Tensor) -> Tensor:
    """The tensor that one inside a transform of torch.func stands for."""
    while _is_wrapped(values):
        values = _unwrapped(values)
    return values


def plain_values(values: Tensor) -> Tensor:
    """The values of a tensor, also inside a transform: the axes that vmap hides are samples, merged with the first visible axis."""
    visible = values.dim()
    while _is_wrapped(values):
        hidden = _batch_axis(values)
        values = _unwrapped(values)
        if hidden > 0:
            values = values.movedim(hidden, 0)
    values = values.detach()
    return values.flatten(0, values.dim() - visible) if 2 <= visible < values.dim() else values
