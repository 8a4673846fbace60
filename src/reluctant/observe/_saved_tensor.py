"""Reads what an autograd node keeps for backward, where that can be done without a trace."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.autograd.graph import Node

from reluctant.instrument import torch_private
from reluctant.instrument.guard import is_interruption

from ._out_of_sight import is_plain, plain_values


def saved_tensor(node: Node, name: str) -> Tensor | None:
    """The tensor that `node` keeps under ``_saved_NAME``.

    None where there is none, where it was freed or changed in place since, where it is no plain array of numbers, and where a hook would
    have to unpack it: that is the user's code, or runs a checkpointed region again.
    """
    if is_packed(node, name):
        return None
    value = saved_value(node, name)
    return plain_values(value) if isinstance(value, Tensor) and is_plain(value) else None


def saved_value(node: Node, name: str) -> Any:
    """A number, a list or a tensor that `node` keeps; None where it cannot be had."""
    try:
        return torch_private.saved(node, name)
    except torch_private.MissingNameError:
        return None
    except RuntimeError as error:  # freed, or changed in place since
        if is_interruption(error):
            raise
        return None


def is_packed(node: Node, name: str) -> bool:
    """Whether a hook was used to save it."""
    return _unpack_hook(node, name) is not None


def is_packed_by_user(node: Node, name: str) -> bool:
    """Whether that hook is not the one of checkpointing."""
    hook = _unpack_hook(node, name)
    return hook is not None and getattr(hook, "__module__", "") != "torch.utils.checkpoint"


def _unpack_hook(node: Node, name: str) -> Any:
    raw = torch_private.RAW_SAVED.of(node, name)
    return torch_private.UNPACK_HOOK.of(raw) if raw is not None else None


def is_out_of_the_ordinary(node: Node, name: str) -> bool:
    """Whether what is kept is a tensor of a class, or in a form, that is not looked into."""
    value = None if is_packed(node, name) else saved_value(node, name)
    return isinstance(value, Tensor) and not is_plain(value)
