"""Judges which modules of a model can become reluctant.nn's, and why others cannot."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import torch

from reluctant import nn
from reluctant.activations import Activation, Gated, definitions
from reluctant.errors import UsageError

from ._functional_calls import activation_function, functional_calls
from ._gain import Gain, Kind, gain
from ._named_modules import NamedModule

COMPOUND = (torch.nn.RNNBase, torch.nn.RNNCellBase)
"""Modules of torch that compute activations inside operators of their own."""
WITH_FUNCTION = (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)
"""Modules of torch that hold their activation as a function and do nothing with it but call it. Their fused inference path goes by a
number of its own, so it stays.
"""
IN_PLACE = "with inplace=True torch's own operator works on the input itself; with inplace=False it could be exchanged"
INSIDE_COMPILED = "it runs inside torch.compile, whose compiler makes kernels of its own"


@dataclass(frozen=True)
class Exchange:
    """A module that can become one of reluctant.nn, or a function in an attribute of it that can become one of reluctant.nn.functional."""

    name: str
    """What the module has it as; its class as ``__class__``."""
    what: str
    now: type[torch.nn.Module] | Callable[..., torch.Tensor]
    why: str


@dataclass(frozen=True)
class Refusal:
    """Something that stays as it is."""

    what: str
    why: str


def judged(place: NamedModule, tensors: Collection[Kind]) -> Exchange | Refusal | None:
    """What becomes of the module at a place; None where it is no activation."""
    module, kind = place.module, type(place.module)
    if kind in nn.MODULES.values():
        return Refusal(name_of(kind), "it is reluctant.nn's already")
    if kind in _torch_modules():
        why = _why_not(place, kind)
        if why:
            return Refusal(name_of(kind), why)
        return _by_gain(place, kind, tensors)
    return _no_module_of_the_catalogue(module, kind)


def name_of(kind: type[torch.nn.Module]) -> str:
    """``nn.GELU`` for torch's, ``reluctant.nn.GELU`` for ours, the name alone for others."""
    prefix = "nn." if kind.__module__.startswith("torch.nn.") else "reluctant.nn." if kind.__module__ == "reluctant.nn" else ""
    return f"{prefix}{kind.__name__}"


def _torch_modules() -> Mapping[type[torch.nn.Module], type[Activation]]:
    return {getattr(torch.nn, entry.torch_class): entry for entry in definitions().values() if entry.torch_class}


def _why_not(place: NamedModule, kind: type[torch.nn.Module]) -> str:
    """Why a module of torch's own class must stay; empty where nothing speaks against the exchange."""
    if place.compiled:
        return INSIDE_COMPILED
    if "forward" in vars(place.module):
        return "its forward was replaced on the object itself"
    return ""


def _by_gain(place: NamedModule, kind: type[torch.nn.Module], tensors: Collection[Kind]) -> Exchange | Refusal:
    module = place.module
    try:
        activation = nn.activation_of(module)
    except UsageError as error:
        return Refusal(name_of(kind), str(error))
    assert activation is not None  # its class is one of the catalogue's
    found = gain(activation, tensors)
    if not found.worthwhile:
        return Refusal(name_of(kind), found.why)
    if getattr(module, "inplace", False):
        return Refusal(name_of(kind), f"{IN_PLACE}: {found.why}")
    if place.then_in_place and activation.output_suffices and activation.torch_keeps != ("output",):
        return Refusal(name_of(kind), f"{place.then_in_place} works in place, on the output, which a kernel may keep for backward")
    return Exchange("__class__", name_of(kind), nn.MODULES[kind.__name__], found.why)


def _no_module_of_the_catalogue(module: torch.nn.Module, kind: type[torch.nn.Module]) -> Refusal | None:
    """Why something that is or may hold an activation is none that can be exchanged."""
    if isinstance(module, torch.jit.ScriptModule):
        scripted = module.original_name if hasattr(module, "original_name") else ""
        return Refusal(f"nn.{scripted}", "it is scripted: its code is TorchScript's") if _is_torch_class(scripted) else None
    if kind.__module__.startswith(("torch.ao.", "torch.nn.quantized", "torch.nn.qat", "torch.nn.intrinsic")):
        return Refusal(kind.__name__, "it is quantised and works on quantised values") if _is_torch_class(kind.__name__) else None
    base = next((cls for cls in kind.__mro__ if cls in _torch_modules()), None)
    if base is not None:
        if torch.nn.utils.parametrize.is_parametrized(module):
            return Refusal(name_of(base), "its weight is parametrized, which gives it a class of its own")
        return Refusal(kind.__name__, f"it is a subclass of {name_of(base)}, which may compute something else")
    if isinstance(module, COMPOUND):
        return Refusal(name_of(kind), "its activations are computed inside torch's own recurrent operator")
    if kind.__module__ == "torch.nn.modules.activation" and not isinstance(module, torch.nn.MultiheadAttention):
        return Refusal(name_of(kind), "the catalogue has no such activation")
    return None


def _is_torch_class(name: str) -> bool:
    return any(entry.torch_class == name for entry in definitions().values() if name)


def functions(place: NamedModule, tensors: Collection[Kind]) -> Iterator[Exchange | Refusal]:
    """Activations that a module calls as functions: those in an attribute that torch's own code reads, and those out of reach."""
    kind = type(place.module)
    for name, value in vars(place.module).items():
        function = value.func if isinstance(value, functools.partial) else value
        definition = activation_function(function)
        if definition is not None:
            what, found = f"F.{definition.torch_function} in .{name}", gain(definition(), tensors)
            if function is value and kind in WITH_FUNCTION and found.worthwhile and not place.compiled:
                yield Exchange(name, what, getattr(nn.functional, definition.torch_function), found.why)
            else:
                to = _ours(definition) if function is value else f"a functools.partial of {_ours(definition)}"
                yield Refusal(what, _advice(place, found, f"set .{name} to {to}"))
    for call in functional_calls(kind):
        pair = issubclass(call.definition, Gated)
        ours = f"reluctant.nn.functional.{call.definition.name}(gate, value)" if pair else _ours(call.definition)
        yield Refusal(str(call), _advice(place, gain(call.definition(), tensors), f"write {ours} there"))


def _ours(definition: type[Activation]) -> str:
    return f"reluctant.nn.functional.{definition.torch_function}"


def _advice(place: NamedModule, found: Gain, what_to_do: str) -> str:
    if place.compiled:
        return INSIDE_COMPILED
    return f"it is a function, not a module: {what_to_do}" if found.worthwhile else found.why
