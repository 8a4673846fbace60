"""Paths of modules and names of parameters, as the user would write them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.utils.parametrize import ParametrizationList

from reluctant.instrument import torch_private


class ModuleNames:
    """A map from modules and parameters to names, drawn up when a graph is learned."""

    def __init__(self, modules: Iterable[torch.nn.Module]) -> None:
        self._parents: dict[int, tuple[torch.nn.Module, str]] = {}
        self._owners: dict[int, tuple[torch.nn.Module, str]] = {}
        met: dict[int, torch.nn.Module] = {}
        todo = list(modules)
        while todo:
            module = todo.pop()
            if id(module) in met:
                continue
            met[id(module)] = module
            for name, child in torch_private.CHILDREN.of(module).items():
                if child is not None:
                    todo.append(child)
                    if not _is_wrapper(module):
                        self._parents.setdefault(id(child), (module, name))
            for name, parameter in torch_private.PARAMETERS.of(module).items():
                if parameter is not None:
                    self._owners.setdefault(id(parameter), (module, name))
        self.roots = [
            m
            for key, m in met.items()
            if key not in self._parents and not _is_wrapper(m) and (torch_private.CHILDREN.of(m) or torch_private.PARAMETERS.of(m))
        ]

    def path(self, module: torch.nn.Module) -> str:
        """``net.3``; empty for a module that is in no other."""
        return ".".join(name for _, name in reversed(self._around(module)))

    def root(self, module: torch.nn.Module) -> torch.nn.Module:
        """The outermost module that `module` is in."""
        around = self._around(module)
        return around[-1][0] if around else module

    def _around(self, module: torch.nn.Module) -> list[tuple[torch.nn.Module, str]]:
        """The modules that it is in, innermost first, each with the name under which it has the one before."""
        found: dict[int, tuple[torch.nn.Module, str]] = {}
        while id(module) in self._parents and id(module) not in found:  # modules may stand in each other
            found[id(module)] = self._parents[id(module)]
            module = found[id(module)][0]
        return list(found.values())

    def owner(self, parameter: torch.Tensor | None) -> tuple[torch.nn.Module, str] | None:
        """The module that holds `parameter`, and under which name; of what a weight is computed from, the module with that weight.

        None where no module holds it, or where it is gone.
        """
        found = self._owners.get(id(parameter))
        if found is None or not isinstance(found[0], ParametrizationList):
            return found
        holder, weight = self._parents.get(id(found[0]), found)
        module, _ = self._parents.get(id(holder), found)
        return module, f"{weight}.{found[1]}"


def _is_wrapper(module: torch.nn.Module) -> bool:
    """Whether torch has put it around a module of the user's, to compile or to export that: it is not the user's itself."""
    names = torch_private.CHILDREN.of(module)
    return torch_private.ORIGINAL_MODULE.name in names or type(module).__module__.startswith(("torch.export", "torch._"))
