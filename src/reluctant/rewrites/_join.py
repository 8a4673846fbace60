"""Joins an activation and the linear layer after it, inside torch.nn.Sequential."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from reluctant.activations import Activation, Gated
from reluctant.errors import UsageError
from reluctant.instrument import torch_private
from reluctant.kernels import choice
from reluctant.nn import activation_of
from reluctant.nn.linear_activation import LinearActivation, evaluation, has_hooks, kept_side

from ._named_modules import NamedModule
from ._rewrite import ModelEdit, exchanged


@dataclass(frozen=True)
class JoinablePair:
    """An activation and the linear layer after it in a Sequential."""

    owner: torch.nn.Sequential
    names: tuple[str, str]
    """Of the two in their owner."""
    activation: NamedModule
    linear: NamedModule
    why_not: str
    """Why the two must stay apart; empty where nothing speaks against joining them."""

    def join(self) -> tuple[ModelEdit, ModelEdit]:
        """Put one layer in the place of the linear one, and an Identity in that of the activation."""
        made = LinearActivation.from_modules(self.activation.module, self.linear.module)  # type: ignore[arg-type]
        first, second = self.names
        joined = exchanged(self.linear.path, self.owner, second, made)
        return joined, exchanged(self.activation.path, self.owner, first, torch.nn.Identity())


def pairs(found: Mapping[torch.nn.Module, NamedModule]) -> Iterator[JoinablePair]:
    """Every activation of the catalogue that a linear layer follows, by the modules of a model and their places."""
    for owner in found:
        if isinstance(owner, torch.nn.Sequential) and type(owner).forward is torch.nn.Sequential.forward:
            for (first, activation), (second, linear) in itertools.pairwise(torch_private.CHILDREN.of(owner).items()):
                if activation in found and linear in found and isinstance(linear, torch.nn.Linear):
                    computed = _activation_of(activation)
                    if computed is not None and not isinstance(linear, LinearActivation):
                        why_not = _why_not(computed, found[activation], found[linear])
                        yield JoinablePair(owner, (first, second), found[activation], found[linear], why_not)


def _activation_of(module: torch.nn.Module) -> Activation | None:
    try:
        return activation_of(module)
    except UsageError:  # the exchange of the activation itself says what is wrong with it
        return None


def _why_not(activation: Activation, first: NamedModule, second: NamedModule) -> str:
    if activation.learned:
        return "its learned weight would move to another name in the state dict"
    if getattr(first.module, "inplace", False):
        return f"{first.path} works in place, on a tensor that others may read"
    if first.compiled or second.compiled:
        return "they run inside torch.compile, whose compiler decides itself what to compute again"
    for place in (first, second):
        if place.also:
            return f"{place.path} is shared"
        if has_hooks(place.module):
            return f"{place.path} has hooks"
        if "forward" in vars(place.module):
            return f"the forward of {place.path} was replaced on the object itself"
    if type(second.module) is not torch.nn.Linear:
        return f"{second.path} is a {type(second.module).__name__}, not torch.nn.Linear itself"
    return "" if _saves(activation, second.module.weight) else "the two keep one tensor for backward already"


def _saves(activation: Activation, weight: torch.Tensor) -> bool:
    """Whether the layers apart would keep more for inputs of the weight's type; tried on a single value."""
    if activation.drawn:
        return False
    width = 2 if isinstance(activation, Gated) else 1
    x = torch.zeros(1, width, dtype=weight.dtype, device=weight.device, requires_grad=True)
    kernel = choice(activation, weight.dtype, weight.device.type).kernel
    run = evaluation(activation) if kernel is None or isinstance(activation, Gated) else kernel
    with torch.enable_grad():
        return kept_side(run(x), activation) != "output"
