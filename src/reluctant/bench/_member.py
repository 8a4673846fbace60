"""What is measured: each activation of the catalogue, in each form that has a kernel of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reluctant.activations import Activation, Gated, all_activations, get
from reluctant.kernels import function, function_by, halves, halves_by, kernel_choices, signature
from reluctant.operators import torch_operator

WIDTH = 1024
"""Size of the last dimension of large tensors; also the number of slopes where each channel has its own."""


@dataclass(frozen=True)
class Member:
    """One activation as one benchmark row."""

    name: str
    activation: Activation
    channels: bool = False
    """A learned value for each channel instead of one for all."""

    @property
    def kernel_name(self) -> str:
        """The name of its kernels."""
        return signature(self.activation).family


@dataclass(frozen=True)
class Subject:
    """A member's inputs, and the same function of them from torch and from us."""

    inputs: tuple[Tensor, ...]
    gradient: Tensor
    """At the output."""
    eager: Callable[..., Tensor]
    ours: Callable[..., Tensor]

    @property
    def elements(self) -> int:
        """Of the output."""
        return self.gradient.numel()


def member_of(activation: Activation) -> Member:
    """An activation with arguments of its own, such as ``elu(alpha=0.5)``."""
    return Member(activation.spelling, activation, channels=activation.parameters.get("num_parameters", 1) != 1)


def members() -> Iterator[Member]:
    """Every activation with its default parameters, with the forms that their aliases name."""
    for activation in all_activations():
        yield Member(activation.name, activation)
        if activation.learned:
            yield Member(f"{activation.name}, each channel", activation, channels=True)
        for alias, fixed in activation.aliases.items():
            if fixed:
                yield Member(alias, get(alias))


def subject(member: Member, dtype: torch.dtype, elements: int, *, kernel: bool = False) -> Subject:
    """Inputs of about this many elements from N(0, 1), and both functions; with `kernel` ours is the kernel whatever is chosen."""
    columns = min(WIDTH, 2 ** (int(math.log2(max(elements, 1))) // 2))
    rows = max(1, elements // columns)
    generator = torch.Generator().manual_seed(elements)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(dtype)

    activation, operator = member.activation, torch_operator(member.activation)
    forced = kernel_choices(activation, dtype) if kernel else None
    gradient = draw(rows, columns)
    if isinstance(activation, Gated):
        x = draw(rows, 2 * columns).requires_grad_()
        of_halves = halves_by(activation, forced) if forced is not None else halves(activation)
        return Subject((x,), gradient, lambda x: operator(*x.chunk(2, -1)), lambda x: of_halves(x, -1))
    ours = function_by(activation, forced) if forced is not None else function(activation)
    inputs = [draw(rows, columns).requires_grad_()]
    for _ in activation.learned:
        inputs.append(torch.full((columns if member.channels else 1,), 0.25, dtype=dtype, requires_grad=True))
    return Subject(tuple(inputs), gradient, operator, ours)
