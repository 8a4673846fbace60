"""Kernels as autograd functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from reluctant.activations import Activation
from reluctant.instrument import torch_private
from reluctant.operators import tensors

from ._eligible import by_formula, dense, like

Forward = Callable[[Tensor], Tensor]
"""y from a dense tensor x."""
Backward = Callable[[Tensor, Tensor], Tensor]
"""dx from g, the gradient at y, and from what was kept; both lie in memory alike."""


class KernelFunction(torch.autograd.Function):
    """An autograd function whose forward and backward run in kernels."""

    activation: ClassVar[Activation]
    """What it computes: so an observer can name it."""
    kept: ClassVar[str]
    """What it keeps for backward: ``input`` or ``output``."""


def kernel_of_node(node: Any) -> type[KernelFunction] | None:
    """The function whose backward a node of autograd's graph is; None where no kernel made it."""
    function = torch_private.FORWARD_CLASS.of(type(node))
    return function if function is not None and issubclass(function, KernelFunction) else None


def autograd_function(
    activation: Activation, forward: Callable[..., Any], backward: Callable[..., Any], kept: str = "input"
) -> Callable[..., Any]:
    """A function of tensors whose node in autograd's graph is named after the activation (``ELUBackward``); both get a context first.

    It is `apply` without the steps that look for function transforms, under which no kernel is ever reached: they cost 2 of the 26 µs
    that an autograd function written in Python takes for forward and backward.
    """
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward), "activation": activation, "kept": kept}
    function = type(type(activation).__name__, (KernelFunction,), body)
    call: Callable[..., Any] = super(torch.autograd.Function, function).apply  # type: ignore[misc]
    return call


def differentiable(activation: Activation, forward: Forward, backward: Backward, kept: str) -> Forward:
    """An elementwise kernel with its backward; `kept` says what backward is given, ``input`` or ``output``.

    Second derivatives and batches of gradients are computed by the catalogue's formula with torch's own operators.
    """

    def forward_and_keep(ctx: Any, x: Tensor) -> Tensor:
        y = forward(x)
        ctx.save_for_backward(y if kept == "output" else x)
        return y

    def backward_or_formula(ctx: Any, g: Tensor) -> Tensor:
        (source,) = ctx.saved_tensors
        if by_formula(g):
            slope = activation.derivative_from_output if kept == "output" else activation.derivative
            dx: Tensor = g * slope(tensors(source.dtype), source)
            return dx
        source = source if dense(source) else source.contiguous()  # a hook on saved tensors may lay them out otherwise
        return backward(like(g, source), source)

    with_backward = autograd_function(activation, forward_and_keep, backward_or_formula, kept)

    def call(x: Tensor) -> Tensor:
        y: Tensor = with_backward(x) if x.requires_grad and torch.is_grad_enabled() else forward(x)
        return y

    return call
