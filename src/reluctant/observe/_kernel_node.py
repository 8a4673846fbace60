"""Knows the activations of reluctant.nn in autograd's graph: their nodes say which activation of the catalogue they compute."""

from __future__ import annotations

from typing import Any

from reluctant.activations import Activation
from reluctant.instrument import torch_private


def kernel_activation(node: Any) -> Activation | None:
    """The activation that one of our own autograd functions computes; None for every other node."""
    activation = getattr(torch_private.FORWARD_CLASS.of(type(node)), "activation", None)
    return activation if isinstance(activation, Activation) else None


def site_name(activation: Activation) -> str:
    """The name that a site has: ``gelu_tanh`` for the form of GELU that goes by this name."""
    for alias, fixed in type(activation).aliases.items():
        if fixed and all(activation.parameters[name] == value for name, value in fixed.items()):
            return alias
    return activation.name


def site_parameters(activation: Activation) -> dict[str, float]:
    """Its numbers. A learned one's start is left out: what counts is what was learned."""
    if activation.learned:
        return {}
    return {name: float(value) for name, value in activation.parameters.items() if not isinstance(value, str)}
