"""The modules of a model with all the paths that lead to each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from reluctant.instrument import torch_private

ROOT = "(model)"
"""What stands for the path of the model itself."""


@dataclass(frozen=True)
class NamedModule:
    """One module of a model."""

    module: torch.nn.Module
    path: str
    also: tuple[str, ...] = ()
    """Its other paths, where it is registered more than once."""
    compiled: bool = False
    """Whether it runs inside what torch.compile made of it or of a module around it."""
    then_in_place: str = ""
    """Path of the module after it in a torch.nn.Sequential, where that one works in place: on the output of this one."""


def named_modules(model: torch.nn.Module) -> tuple[NamedModule, ...]:
    """Every module once, in the order in which the model registered them."""
    paths: dict[torch.nn.Module, list[str]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        paths.setdefault(module, []).append(path or ROOT)
    changers = _in_place_after(paths)
    inside = [path for module, found in paths.items() if _is_compiled(module) for path in found]
    return tuple(
        NamedModule(
            module, first, tuple(also), any(_within(path, outer) for path in (first, *also) for outer in inside), changers.get(module, "")
        )
        for module, (first, *also) in paths.items()
    )


def _in_place_after(paths: Mapping[torch.nn.Module, Sequence[str]]) -> dict[torch.nn.Module, str]:
    """By module: the path of one that follows it in a Sequential and works in place."""
    return {
        module: paths[then][0]
        for owner in paths
        if isinstance(owner, torch.nn.Sequential)
        for module, then in itertools.pairwise(owner)
        if getattr(then, "inplace", False)
    }


def _is_compiled(module: torch.nn.Module) -> bool:
    return isinstance(module, torch_private.COMPILED_MODULE.get()) or torch_private.COMPILED_IN_PLACE.of(module) is not None


def _within(path: str, outer: str) -> bool:
    return path == outer or outer == ROOT or path.startswith(f"{outer}.")
