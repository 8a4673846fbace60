"""Torch's own operator for an activation."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from reluctant.activations import Activation, Gated


@functools.cache
def torch_operator(activation: Activation) -> Callable[..., Tensor]:
    """What the activation's `torch_expression` computes, as a function of its tensors: x, of a pair a and b, learned ones after x.

    Of an activation that draws values it is the form for training.
    """
    inputs = ["a", "b"] if isinstance(activation, Gated) else ["x", *activation.learned]
    expression = activation.torch_expression
    if activation.drawn:
        expression = expression.removesuffix(")") + ", training=True)"
    # Python's own text of a definition that was imported: nothing that a user or a file wrote. It goes by this file's name, so that a
    # check-up counts its frames as ours and goes on to the user's.
    compiled = compile(f"lambda {', '.join(inputs)}: {expression}", __file__, "eval")
    operator: Callable[..., Tensor] = eval(compiled, {"torch": torch, "F": F, **activation.parameters})
    return operator
