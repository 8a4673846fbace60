"""The functions of torch that treatments care about, in every form in which a script can call them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.operators import activation_functions, spelled
from reluctant.treatments import RECURRENT, Call

_LAYERS = {
    "linear": (("linear",), ("weight", "bias")),
    "convolution": (tuple(f"conv{transposed}{d}d" for transposed in ("", "_transpose") for d in (1, 2, 3)), ("weight", "bias")),
    "matmul": (("matmul", "mm", "bmm", "__matmul__"), ("weight",)),
    **{kind: ((kind, f"{kind}_cell"), ()) for kind in RECURRENT},
}
"""Functions of layers: by the operation, their names and those of their arguments after the input."""

_INPUTS = ("input", "self", "x")


@dataclass(frozen=True, slots=True)
class CalledFunction:
    """One function of torch that treatments may meet, and how it is called."""

    operation: str
    in_place: bool
    """Whether it writes its result over its input, whatever its arguments."""
    parameters: tuple[str, ...]
    """Names of its arguments in order, as far as python knows them."""


@functools.cache
def called_functions() -> Mapping[Any, CalledFunction]:
    """The functions of layers and activations, by object: methods and in-place forms are functions of their own."""
    found = {
        function: CalledFunction(entry.computes.name, entry.in_place, _parameters(function, entry.arguments))
        for function, entry in activation_functions().items()
    }
    for operation, (names, arguments) in _LAYERS.items():
        for name in names:
            for function, in_place in spelled(name):
                found[function] = CalledFunction(operation, in_place, _parameters(function, arguments))
    return found


def _parameters(function: Any, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """As its signature has them; a function that is built in has none that python could read."""
    return tuple(inspect.signature(function).parameters) if inspect.isfunction(function) else ("input", *arguments)


def read_call(function: CalledFunction, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    """A call with its arguments by name; None where its input is no tensor."""
    given = dict(zip(function.parameters, args, strict=False)) | dict(kwargs)
    values = args[0] if args else next((given[name] for name in _INPUTS if name in given), None)
    if not isinstance(values, Tensor):
        return None
    if function.operation in RECURRENT:
        return Call(function.operation, values, weights=tuple(_parameters_among(args)))
    weight = given.pop("weight", given.pop("other", given.pop("mat2", None)))
    first = function.parameters[0] if function.parameters else "input"
    options = {name: value for name, value in given.items() if name not in (first, *_INPUTS)}
    return Call(function.operation, values, weight if isinstance(weight, Tensor) else None, options)


def _parameters_among(args: tuple[Any, ...]) -> Iterator[Tensor]:
    """The weights of a recurrent layer come as a list, those of a cell one by one, after as many arguments as the input has parts."""
    for argument in args[1:]:
        if isinstance(argument, (list, tuple)):
            yield from _parameters_among((None, *argument))
        elif isinstance(argument, torch.nn.Parameter):
            yield argument


def with_input(args: tuple[Any, ...], kwargs: dict[str, Any], values: Tensor) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with another input."""
    if args:
        return (values, *args[1:]), kwargs
    name = next(name for name in _INPUTS if name in kwargs)
    return args, {**kwargs, name: values}
