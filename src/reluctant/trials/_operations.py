"""The functions of torch that treatments care about, in every form in which a script can call them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import definitions
from reluctant.treatments import RECURRENT, Call

_OWNERS = (torch.nn.functional, torch, Tensor, torch._C._nn, torch.special)

_PRODUCTS = {
    "linear": ("linear",),
    "convolution": tuple(f"conv{transposed}{d}d" for transposed in ("", "_transpose") for d in (1, 2, 3)),
    "matmul": ("matmul", "mm", "bmm", "__matmul__"),
    **{kind: (kind, f"{kind}_cell") for kind in RECURRENT},
}
_ALSO = {"softmax": ("softmax",), "log_softmax": ("log_softmax",), "sigmoid": ("expit",), "clamp": ("clamp_min", "clamp_max", "clip")}
"""Other names than those of the catalogue."""

_INPUTS = ("input", "self", "x")


@dataclass(frozen=True, slots=True)
class Operation:
    """What one function of torch computes."""

    name: str
    in_place: bool
    """Whether it writes its result over its input, whatever its arguments."""
    parameters: tuple[str, ...]
    """Names of its arguments in order, as far as python knows them."""


@functools.cache
def operations() -> Mapping[Any, Operation]:
    """The operation of each function, method and in-place form."""
    names: dict[str, tuple[str, ...]] = {**_PRODUCTS}
    for name, definition in definitions().items():
        names[name] = tuple(filter(None, (definition.torch_function, name, *_ALSO.get(name, ()))))
    names |= {name: others for name, others in _ALSO.items() if name not in names}
    found: dict[Any, Operation] = {}
    for name, written in names.items():
        for spelled in dict.fromkeys(written):
            for function in _functions(spelled):
                found.setdefault(function, Operation(name, False, _parameters(function, name)))
            for function in _functions(f"{spelled}_"):
                found.setdefault(function, Operation(name, True, _parameters(function, name)))
    return found


def _functions(name: str) -> Iterator[Callable[..., Any]]:
    for owner in _OWNERS:
        function = getattr(owner, name, None)
        if callable(function):
            yield function


_POSITIONS = {
    "softmax": ("dim",), "log_softmax": ("dim",), "leaky_relu": ("negative_slope", "inplace"), "elu": ("alpha", "scale"),
    "prelu": ("weight",), "linear": ("weight", "bias"), "convolution": ("weight", "bias"), "matmul": ("weight",), "clamp": ("min", "max"),
}  # fmt: skip
"""Arguments after the input, where the function is built in and python cannot ask it for them."""


def _parameters(function: Any, name: str) -> tuple[str, ...]:
    if inspect.isfunction(function):
        return tuple(inspect.signature(function).parameters)
    return ("input", *_POSITIONS.get(name, ()))


def read_call(operation: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    """A call with its arguments by name; None where its input is no tensor."""
    given = dict(zip(operation.parameters, args, strict=False)) | dict(kwargs)
    values = args[0] if args else next((given[name] for name in _INPUTS if name in given), None)
    if not isinstance(values, Tensor):
        return None
    if operation.name in RECURRENT:
        return Call(operation.name, values, weights=tuple(_parameters_among(args)))
    weight = given.pop("weight", given.pop("other", given.pop("mat2", None)))
    first = operation.parameters[0] if operation.parameters else "input"
    options = {name: value for name, value in given.items() if name not in (first, *_INPUTS)}
    return Call(operation.name, values, weight if isinstance(weight, Tensor) else None, options)


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
