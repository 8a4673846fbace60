"""Reads from a module which activation of the catalogue it computes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import torch

from reluctant.activations import Activation, definitions


def activation_of(module: torch.nn.Module) -> Activation | None:
    """The activation that a module of torch.nn or reluctant.nn computes; None for every other module, subclasses included.

    Raises `UsageError` where the module has parameters that the catalogue refuses, such as a bool in the place of a number.
    """
    definition = _definitions_by_module().get(type(module))
    if definition is None:
        return None
    fields = dataclasses.fields(definition)
    return definition(**{entry.name: getattr(module, entry.name) for entry in fields if hasattr(module, entry.name)})


@functools.cache
def _definitions_by_module() -> Mapping[type[torch.nn.Module], type[Activation]]:
    from . import MODULES  # on use: the package makes its modules while it is imported

    known: dict[type[torch.nn.Module], type[Activation]] = {}
    for definition in definitions().values():
        known[MODULES[definition.torch_class or definition.__name__]] = definition
        if definition.torch_class:
            known[getattr(torch.nn, definition.torch_class)] = definition
    return known
