"""Torch's own operators for an activation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import BuiltinFunctionType, SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from reluctant.activations import Activation, Gated
from reluctant.instrument import torch_private


@functools.cache
def torch_operator(activation: Activation) -> Callable[..., Tensor]:
    """What the activation's `torch_expression` computes, as a function of its tensors: x, of a pair a and b, learned ones after x.

    Of an activation that draws values it is the form for training.
    """
    return _operator(activation, _in_training(activation), F)


@functools.lru_cache(maxsize=512)
def torch_form(activation: Activation, expression: str) -> Callable[..., Tensor]:
    """What one of the activation's expressions computes, as a function of the same tensors; of one that draws values, in evaluation."""
    return _operator(activation, expression, F)


@functools.cache
def direct_operator(activation: Activation) -> Callable[..., Tensor]:
    """The same for plain tensors, without the functions of `torch.nn.functional` that check arguments and call one of torch's own.

    What it saves pays for the choice between kernel and operator.
    """
    if activation.torch_code or activation.learned or isinstance(activation, Gated):
        return _operator(activation, _in_training(activation), SimpleNamespace(**{name: _built_in(name) for name in dir(F)}))
    arguments = activation.parameters | ({"training": True} if activation.drawn else {})
    function: Callable[..., Tensor] = _built_in(activation.torch_function)
    return functools.partial(function, **arguments) if arguments else function


def _built_in(name: str) -> Any:
    """Torch's own function of this name, where `torch.nn.functional` has one around it; else what is there."""
    own = (getattr(place, name, None) for place in (torch_private.BUILT_IN_ACTIVATIONS.get(), torch))
    return next((found for found in own if isinstance(found, BuiltinFunctionType)), getattr(F, name))


def _in_training(activation: Activation) -> str:
    expression = activation.torch_expression
    return expression.removesuffix(")") + ", training=True)" if activation.drawn else expression


def _operator(activation: Activation, expression: str, functional: Any) -> Callable[..., Tensor]:
    inputs = ["a", "b"] if isinstance(activation, Gated) else ["x", *activation.learned]
    # Python's own text of a definition that was imported: nothing that a user or a file wrote. It goes by this file's name, so that a
    # check-up counts its frames as ours and goes on to the user's.
    compiled = compile(f"lambda {', '.join(inputs)}: {expression}", __file__, "eval")
    operator: Callable[..., Tensor] = eval(compiled, {"torch": torch, "F": functional, **activation.parameters})
    return operator
