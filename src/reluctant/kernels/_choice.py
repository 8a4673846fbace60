"""Chooses for each call between a compiled kernel and torch's own operator."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from reluctant.activations import Activation, Gated
from reluctant.errors import UsageError
from reluctant.instrument import torch_private
from reluctant.operators import direct_operator, torch_operator

from ._channelwise import channelwise
from ._drawn import drawn
from ._elementwise import elementwise
from ._eligible import PLAIN, dense, eligible, tracing_state, watched
from ._library import ELEMENT_TYPES, library
from ._measured import serving_rule
from ._pairs import in_rows, pairs
from ._signature import signature
from ._triton import FROM_ELEMENTS, triton_kernel, why_not


@dataclass(frozen=True)
class Choice:
    """Which implementation serves an activation for a type of elements on this machine, and why."""

    kernel: Any
    """The kernel; None where torch's own operator serves."""
    from_elements: int
    """Size of a tensor from which the kernel serves; below it torch's operator does."""
    reason: str


@functools.lru_cache(maxsize=1024)
def choice(activation: Activation, dtype: torch.dtype, device: str = "cpu") -> Choice:
    """The choice for an activation, a type of elements and a type of device; kernels are looked up by the first call."""
    if lacking := torch_private.missing("kernels"):
        return Choice(None, 0, f"this torch has no {lacking[0].path}: without it {lacking[0].lost}")
    if dtype not in ELEMENT_TYPES:
        return Choice(None, 0, f"there are kernels for {', '.join(_name(kind) for kind in ELEMENT_TYPES)}, not for {_name(dtype)}")
    if device != "cpu":
        return _on_card(activation, dtype) if device == "cuda" else Choice(None, 0, f"there are no kernels for {device}")
    unfit = library().why_not(signature(activation))
    if unfit:
        return Choice(None, 0, unfit)
    kernel = kernel_for(activation, dtype)
    if kernel is None:
        return Choice(None, 0, "the compiled kernels have none of it")
    rule = serving_rule(signature(activation).family, _name(dtype), library().level)
    return Choice(None, 0, rule.reason) if rule.from_elements is None else Choice(kernel, rule.from_elements, rule.reason)


def _on_card(activation: Activation, dtype: torch.dtype) -> Choice:
    reason = why_not(activation, dtype)
    if reason:
        return Choice(None, 0, reason)
    return Choice(triton_kernel(activation, dtype), FROM_ELEMENTS, "Triton kernel; not measured on a card yet")


def kernel_for(activation: Activation, dtype: torch.dtype) -> Any:
    """The compiled kernel, whether or not it is worth its while; None where there is none, or one of another formula."""
    form = signature(activation)
    if library().why_not(form):
        return None
    if isinstance(activation, Gated):
        return pairs(activation, dtype)
    makers: dict[str, Callable[..., Any]] = {"learned": channelwise, "drawn": drawn, "plain": elementwise}
    return makers[form.kind](activation, dtype)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


class Choices(dict[torch.dtype, Choice]):
    """The choices for one activation, each made when its type is first met: a call must not pay for more than a look-up."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self._activation = activation
        self.smallest = _Smallest(self)

    def __missing__(self, dtype: torch.dtype) -> Choice:
        self[dtype] = choice(self._activation, dtype)
        return self[dtype]

    def kernel(self, x: Tensor) -> Any:
        """The kernel for a tensor; None where torch's own operator serves it. What is quick to ask comes first.

        A kernel is asked for where the call is eligible: its tables, made under a transform or a mode, would be what stands in for tensors.
        """
        if type(x) not in PLAIN or is_compiling() or tracing_state() is not None or x.numel() < self.smallest[x.dtype]:
            return None
        if not eligible(x):
            return None
        chosen = self[x.dtype] if x.is_cpu else choice(self._activation, x.dtype, x.device.type)
        return chosen.kernel if chosen.kernel is not None and x.numel() >= chosen.from_elements else None


class _Smallest(dict[torch.dtype, float]):
    """By type: the size from which a kernel may serve on some device. Below it nothing else need be asked of a plain tensor.

    Each further question to a tensor took 0.3 µs here, at 65,536 elements, whose passage leaves little of Python in the caches.
    """

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self._choices = choices

    def __missing__(self, dtype: torch.dtype) -> float:
        if watched():  # not the time to make a choice
            return 0.0
        chosen = self._choices[dtype]
        on_processor = math.inf if chosen.kernel is None else chosen.from_elements
        smallest = min(on_processor, FROM_ELEMENTS if torch.version.cuda or torch.version.hip else math.inf)
        self[dtype] = smallest
        return smallest


def kernel_choices(activation: Activation, dtype: torch.dtype) -> Choices | None:
    """Choices of the kernel at any size, whatever was measured of it; None where there is none for the type."""
    kernel = kernel_for(activation, dtype)
    if kernel is None:
        return None
    choices = Choices(activation)
    choices[dtype] = Choice(kernel, 0, "it is to be measured")
    return choices


@functools.lru_cache(maxsize=1024)
def function(activation: Activation) -> Callable[..., Tensor]:
    """The activation as a function of its tensors: x; a and b of a pair; x and the learned weight. Drawn values: the training form."""
    return function_by(activation, Choices(activation))


def function_by(activation: Activation, choices: Choices) -> Callable[..., Tensor]:
    """The same by these choices."""
    operator, direct = torch_operator(activation), direct_operator(activation)
    smallest, kernel_of = choices.smallest, choices.kernel

    def of_one(x: Tensor) -> Tensor:
        # The first questions of `kernel_of`, which would be one more frame of Python for the small tensors that a call costs most.
        if type(x) not in PLAIN or is_compiling() or tracing_state() is not None:
            return operator(x)
        if x.numel() < smallest[x.dtype]:
            return direct(x)
        kernel = kernel_of(x)
        y: Tensor = operator(x) if kernel is None or not dense(x) else kernel(x)
        return y

    def of_two(a: Tensor, b: Tensor) -> Tensor:
        kernel = kernel_of(a)
        fit = kernel is not None and eligible(b) and _alike(a, b) and _fit_to_be_read(a, b)
        y: Tensor = kernel.of_two(a, b) if fit else operator(a, b)
        return y

    def with_weight(x: Tensor, weight: Tensor) -> Tensor:
        kernel = kernel_of(x)
        fit = kernel is not None and eligible(weight) and x.dtype is weight.dtype and x.device == weight.device and dense(x)
        y: Tensor | None = kernel(x, weight) if fit else None
        return operator(x, weight) if y is None else y

    return of_two if isinstance(activation, Gated) else with_weight if activation.learned else of_one


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.dtype is b.dtype and a.shape == b.shape and a.device == b.device


def _fit_to_be_read(a: Tensor, b: Tensor) -> bool:
    return in_rows(a, b) is not None if a.is_cpu else a.is_contiguous() and b.is_contiguous()


@functools.lru_cache(maxsize=64)
def halves(activation: Gated) -> Callable[[Tensor, int], Tensor]:
    """A gated pair as a function of one tensor that holds the gate and then the value along a dimension."""
    return halves_by(activation, Choices(activation))


def halves_by(activation: Gated, choices: Choices) -> Callable[[Tensor, int], Tensor]:
    """The same by these choices."""
    operator = function(activation)

    def of_halves(x: Tensor, dim: int) -> Tensor:
        if isinstance(x, Tensor) and x.size(dim) % 2:
            raise UsageError(
                f"dimension {dim} of its input has {x.size(dim)} entries, which cannot be halved", where=str(activation),
                advice="It takes the gate and the value side by side, of one size",
            )
        kernel = choices.kernel(x)
        fit = kernel is not None and dim in (-1, x.dim() - 1) and x.is_contiguous()
        if fit:
            y: Tensor = kernel.of_halves(x)
            return y
        a, b = x.chunk(2, dim)  # by name: torch.fx cannot trace an unpacking in a call
        return operator(a, b)

    return of_halves
