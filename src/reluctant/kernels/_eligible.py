"""Which tensors a compiled kernel may be given."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Parameter

from reluctant.instrument import torch_private

PLAIN = (Tensor, Parameter)
"""Types of tensors that are nothing more than that."""

tracing_state = torch_private.TRACING_STATE.get()
_transforms_active = torch_private.TRANSFORMS_ACTIVE.get()
_dispatch_modes = torch_private.DISPATCH_MODES.get()
_function_modes = torch_private.FUNCTION_MODES.get()
_forward_level = torch_private.FORWARD_LEVEL.reader()
_has_storage = torch_private.HAS_STORAGE.get()


def eligible(x: Tensor) -> bool:
    """Whether x is a plain tensor of the processor or of a card, and nothing but autograd's backward watches what is done with it.

    Inside torch.compile, torch.export, torch.jit.trace, function transforms (vmap, jvp, grad), forward-mode differentiation, autocast, and
    dispatch or function modes torch's own operator is used: it is what they know how to handle. Under autocast it also decides the type.
    """
    return (
        type(x) in PLAIN
        and (x.is_cpu or x.is_cuda)
        and not torch.compiler.is_compiling()
        and tracing_state() is None
        and not watched()
        and not torch.is_autocast_enabled("cpu" if x.is_cpu else "cuda")
        and x.layout is torch.strided
        and not x.is_neg()
        and not x.is_nested
    )


def watched() -> bool:
    """Whether something sees every call of torch, or stands in for tensors: a function transform, forward-mode differentiation, a mode."""
    return bool(
        _transforms_active()
        or _dispatch_modes()
        or _function_modes()
        or _forward_level() >= 0
    )


def by_formula(g: Tensor) -> bool:
    """Whether a backward must be computed by torch's operators: it is to be differentiated again, or g stands for a batch of gradients.

    A batch has no memory of its own. Torch's Jacobians and Hessians send one where they are told to vectorise.
    """
    return torch.is_grad_enabled() or not _has_storage(g)


def dense(x: Tensor) -> bool:
    """Whether the elements of x fill a piece of memory, in whatever order: then elementwise work can go through them as they lie there."""
    return x.is_contiguous() or bool(torch.ops.aten.is_non_overlapping_and_dense(x))


def like(x: Tensor, other: Tensor) -> Tensor:
    """A tensor with the elements of x that lie in memory as those of `other` do; x itself where they do."""
    if x.stride() == other.stride() and x.dtype == other.dtype and x.device == other.device and not x.is_neg():
        return x
    return torch.empty_like(other).copy_(x)
