"""Torch's functions that compute activations, in every form in which a program can call them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import AXIS_WISE, Activation, AxisWise, definitions
from reluctant.instrument import torch_private

OWNERS = (torch.nn.functional, torch, Tensor, torch_private.BUILT_IN_ACTIVATIONS.get(), torch.special)
"""Where torch keeps functions: ``F.relu``, ``torch.relu`` and ``Tensor.relu`` are objects of their own."""


@dataclass(frozen=True, slots=True)
class TorchFunction:
    """One function of torch, and what it computes."""

    computes: type[Activation] | AxisWise
    in_place: bool
    """Whether it writes its result over its input, whatever its arguments."""
    arguments: tuple[str, ...]
    """Names of its arguments after the input."""


@functools.cache
def activation_functions() -> Mapping[Any, TorchFunction]:
    """The functions of torch that compute the catalogue's activations, softmax or log_softmax, by object."""
    kinds: tuple[type[Activation] | AxisWise, ...] = (*definitions().values(), *AXIS_WISE.values())
    found: dict[Any, TorchFunction] = {}
    for kind in kinds:
        for name, arguments in kind.torch_functions().items():
            for function, in_place in spelled(name):
                found.setdefault(function, TorchFunction(kind, in_place, arguments))
    return found


def spelled(name: str) -> Iterator[tuple[Callable[..., Any], bool]]:
    """The functions and methods of this name, each with whether it works in place."""
    for written in (name, f"{name}_"):
        for owner in OWNERS:
            function = getattr(owner, written, None)
            if callable(function):
                yield function, written != name
