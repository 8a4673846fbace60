"""Makes the module of each activation, a subclass of torch's own where there is one; and the way back, from a module to its activation."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Activation, Gated, definitions
from reluctant.errors import UsageError

from . import functional
from ._functions import bind, of_halves, refuse_script, takes_inplace


def module_for(definition: type[Activation]) -> type[torch.nn.Module]:
    """The module, named as torch or the paper names it.

    A subclass of torch's module has its arguments, defaults, repr and state_dict, and passes for it in isinstance.
    """
    name = definition.torch_class or definition.__name__
    base = getattr(torch.nn, definition.torch_class) if definition.torch_class else torch.nn.Module
    body: dict[str, Any] = {"__module__": "reluctant.nn", "__qualname__": name, "__doc__": _document(definition)}
    if not definition.torch_class:
        body.update(_of_pair(definition) if issubclass(definition, Gated) else _without_torch(definition))
    else:
        body["forward"] = _forward(definition)
    body["__prepare_scriptable__"] = lambda self: refuse_script(f"reluctant.nn.{type(self).__name__}")
    return type(name, (base,), body)


def _document(definition: type[Activation]) -> str:
    return f"{definition.summary()}\n\nSee ``reluctant activation {definition.name}`` for formula, parameters and source."


def _forward(definition: type[Activation]) -> Callable[..., Tensor]:
    function = getattr(functional, definition.torch_function or definition.name)
    names = [entry.name for entry in dataclasses.fields(definition)]
    if definition.learned:
        names = list(definition.learned)
    if definition.drawn:
        names.append("training")
    if takes_inplace(definition):
        names.append("inplace")

    def forward(self: torch.nn.Module, input: Tensor) -> Tensor:
        """The activation of the input, of any shape."""
        result: Tensor = function(input, *[getattr(self, name) for name in names])
        return result

    return forward


def _without_torch(definition: type[Activation]) -> Mapping[str, Any]:
    """Body of a module for an activation that torch has no module for: its parameters are arguments and attributes."""
    fields = dataclasses.fields(definition)
    self_and_fields = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    self_and_fields += [inspect.Parameter(entry.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=entry.default) for entry in fields]
    signature = inspect.Signature(self_and_fields)

    def initialise(self: torch.nn.Module, *args: Any, **kwargs: Any) -> None:
        torch.nn.Module.__init__(self)
        bound = bind(f"reluctant.nn.{type(self).__name__}", signature, (self, *args), kwargs)
        for entry, value in zip(fields, bound.args[1:], strict=True):
            setattr(self, entry.name, value)
        definition(*bound.args[1:])  # refuses values that the activation does not take

    initialise.__signature__ = signature  # type: ignore[attr-defined]

    def extra_repr(self: torch.nn.Module) -> str:
        return ", ".join(f"{entry.name}={getattr(self, entry.name)}" for entry in fields)

    return {"__init__": initialise, "extra_repr": extra_repr, "forward": _forward(definition)}


def _of_pair(definition: type[Gated]) -> Mapping[str, Any]:
    """Body of a module for a gated pair: it halves its input, as torch.nn.GLU does, but has the gate in the first half."""
    function = of_halves(definition)

    def initialise(self: Any, dim: int = -1, *others: Any) -> None:
        if others or not isinstance(dim, int) or isinstance(dim, bool):
            given = ", ".join(map(repr, (dim, *others)))
            raise UsageError(
                f"({given}) cannot be its arguments", where=f"reluctant.nn.{type(self).__name__}",
                advice="It takes one number, the dimension along which gate and value lie side by side. It has no weights: put a "
                "torch.nn.Linear(in_features, 2 * out_features) before it",
            )
        torch.nn.Module.__init__(self)
        self.dim = dim

    initialise.__qualname__ = f"{definition.__name__}.__init__"  # what Python's own messages name
    dim = inspect.Parameter("dim", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=-1)
    initialise.__signature__ = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), dim])  # type: ignore[attr-defined]

    def extra_repr(self: Any) -> str:
        return f"dim={self.dim}"

    def forward(self: Any, input: Tensor) -> Tensor:
        """The gated product of the halves: input (…, 2n, …), output (…, n, …)."""
        return function(input, self.dim)

    return {"__init__": initialise, "extra_repr": extra_repr, "forward": forward}


MODULES: dict[str, type[torch.nn.Module]] = {module.__name__: module for module in map(module_for, definitions().values())}
"""The modules made from the catalogue, by name."""


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
    found: dict[type[torch.nn.Module], type[Activation]] = {}
    for definition in definitions().values():
        found[MODULES[definition.torch_class or definition.__name__]] = definition
        if definition.torch_class:
            found[getattr(torch.nn, definition.torch_class)] = definition
    return found
