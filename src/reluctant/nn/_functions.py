"""Makes the function of an activation: torch's signature, the catalogue's meaning, the fastest implementation."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor

from reluctant.activations import Activation, Gated
from reluctant.errors import UsageError
from reluctant.kernels import function, halves

Made = Callable[..., Tensor]

MOST_CALLS = 1024
"""Sets of arguments whose function is kept: a slope that changes at every step must not fill the memory."""


def function_for(definition: type[Activation]) -> Made:
    """The function, named and documented."""
    if issubclass(definition, Gated):
        made, signature = _of_pair(definition)
    elif definition.learned:
        made, signature = _with_weight(definition)
    else:
        made, signature = _of_input(definition)
    name = definition.torch_function or definition.name
    made.__name__ = made.__qualname__ = name
    made.__module__ = "reluctant.nn.functional"
    made.__code__ = made.__code__.replace(co_name=name)  # what tracebacks and the observer show
    made.__doc__ = f"{definition.summary()}\n\nSee ``reluctant activation {definition.name}``."
    made.__signature__ = signature  # type: ignore[attr-defined]
    made.__prepare_scriptable__ = lambda: refuse_script(f"reluctant.nn.functional.{name}")  # type: ignore[attr-defined]
    return made


def refuse_script(what: str) -> NoReturn:
    """Answer torch.jit.script, which asks ``__prepare_scriptable__`` first: its own message names a line of this package's machinery."""
    raise UsageError(
        "torch.jit.script cannot script it", where=what,
        advice="Use torch.jit.trace, torch.compile or torch.export, or undo reluctant.lean before",
    )


def takes_inplace(definition: type[Activation]) -> bool:
    """Whether torch's function or module has the argument `inplace`."""
    if not definition.torch_class:
        return False
    return "inplace" in inspect.signature(getattr(torch.nn, definition.torch_class).__init__).parameters


def bind(where: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
    """The arguments with the defaults of those that were left out. Raises `TypeError`, which names the arguments that there are."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        named = [f"{one}" for one in signature.parameters.values() if one.kind is not one.POSITIONAL_ONLY]
        takes = f"Its arguments are ({', '.join(named)})" if named else "It takes none: an activation has no sizes"
        raise TypeError(f"{where}: {error}. {takes}.") from None
    bound.apply_defaults()
    return bound


def _parameters(definition: type[Activation]) -> list[inspect.Parameter]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [inspect.Parameter(entry.name, kind, default=entry.default) for entry in dataclasses.fields(definition)]


def _input(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _of_input(definition: type[Activation]) -> tuple[Made, inspect.Signature]:
    parameters = _parameters(definition)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    if definition.drawn:
        parameters.append(inspect.Parameter("training", kind, default=False))
    if takes_inplace(definition):
        parameters.append(inspect.Parameter("inplace", kind, default=False))
    signature = inspect.Signature([_input("input"), *parameters])
    own = getattr(F, definition.torch_function, None)
    default = _call(definition, own, {parameter.name: parameter.default for parameter in parameters})
    calls: dict[Any, Made] = {}
    names = [parameter.name for parameter in parameters]

    def made(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not args and not kwargs:
            return default(input)
        if torch.compiler.is_compiling() and own is not None:  # by name: of torch's gelu `approximate` cannot be given by place
            result: Tensor = own(input, **dict(zip(names[: len(args)], args, strict=True)), **kwargs)
            return result
        key = (args, tuple(kwargs.items()))
        try:
            call = calls.get(key)
        except TypeError:  # an argument that cannot be hashed is no number
            call = None
        if call is None:
            input, *others = bind(made.__qualname__, signature, (input, *args), kwargs).arguments.values()
            if own is not None and not all(isinstance(value, int | float | str) for value in others):
                # Such as a tensor in the place of a number: torch says whether it can be used.
                by_torch: Tensor = own(input, **dict(zip(names, others, strict=True)))
                return by_torch
            if len(calls) >= MOST_CALLS:
                calls.clear()
            call = calls[key] = _call(definition, own, dict(zip(names, others, strict=True)))
        return call(input)

    return made, signature


def _call(definition: type[Activation], own: Made | None, arguments: Mapping[str, Any]) -> Made:
    """The function of the input alone, with the other arguments fixed."""
    given = {name: value for name, value in arguments.items() if name not in ("inplace", "training")}
    inplace = arguments.get("inplace")
    if isinstance(inplace, int | float) and inplace not in (False, True):  # torch takes a size in its place and changes the input
        raise UsageError(
            f"inplace is {inplace}, which is neither True nor False", where=str(definition.torch_function),
            advice="Give it by name where it is meant. Sizes are no arguments: an activation takes tensors of every shape",
        )
    if inplace and own is not None:
        fixed = own
        return lambda input: fixed(input, **arguments)
    if definition.drawn and not arguments["training"]:
        return _evaluation(definition, given)
    return function(definition(**given))


def _evaluation(definition: type[Activation], given: Mapping[str, Any]) -> Made:
    """The form without draws: of RReLU a leaky ReLU with the mean slope, as torch computes it."""
    own = getattr(F, definition.torch_function)
    return lambda input: own(input, **given, training=False)


def _with_weight(definition: type[Activation]) -> tuple[Made, inspect.Signature]:
    call = function(definition())
    (name,) = definition.learned

    def made(input: Tensor, weight: Tensor) -> Tensor:
        return call(input, weight)

    return made, inspect.Signature([_input("input"), _input(name)])


def _of_pair(definition: type[Gated]) -> tuple[Made, inspect.Signature]:
    call = function(definition())

    def made(gate: Tensor, value: Tensor) -> Tensor:
        return call(gate, value)

    return made, inspect.Signature([_input("gate"), _input("value")])


def of_halves(definition: type[Gated]) -> Callable[[Tensor, int], Tensor]:
    """The pair as a function of one tensor and the dimension along which the gate and then the value lie in it."""
    return halves(definition())
