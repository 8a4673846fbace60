"""Reads what an autograd node keeps for backward, where that can be done without a trace."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ._out_of_sight import is_plain, plain_values


def saved_tensor(node: Any, name: str) -> Tensor | None:
    """The tensor that `node` keeps under ``_saved_NAME``.

    None where there is none, where it was freed or changed in place since, where it is no plain array of numbers, and where a hook would
    have to unpack it: that is the user's code, or runs a checkpointed region again.
    """
    if is_packed(node, name):
        return None
    value = saved_value(node, name)
    return plain_values(value) if isinstance(value, Tensor) and is_plain(value) else None


def saved_value(node: Any, name: str) -> Any:
    """A number, a list or a tensor that `node` keeps; None where it cannot be had."""
    try:
        return getattr(node, f"_saved_{name}", None)
    except RuntimeError:  # freed, or changed in place since
        return None


def is_packed(node: Any, name: str) -> bool:
    """Whether a hook was used to save it."""
    raw = getattr(node, f"_raw_saved_{name}", None)
    return getattr(raw, "unpack_hook", None) is not None


def is_packed_by_user(node: Any, name: str) -> bool:
    """Whether that hook is not the one of checkpointing."""
    raw = getattr(node, f"_raw_saved_{name}", None)
    hook = getattr(raw, "unpack_hook", None)
    return hook is not None and getattr(hook, "__module__", "") != "torch.utils.checkpoint"


def is_out_of_the_ordinary(node: Any, name: str) -> bool:
    """Whether what is kept is a tensor of a class, or in a form, that is not looked into."""
    value = None if is_packed(node, name) else saved_value(node, name)
    return isinstance(value, Tensor) and not is_plain(value)
