"""Lets treatments make the results of calls of torch's functions, whoever makes the call and in whatever form."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from reluctant.operators import activation_functions, spelled
from reluctant.recording import Location
from reluctant.treatments import RECURRENT, Call, Interception

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


class TreatedCalls(TorchFunctionMode):
    """A mode through which the thread's calls of torch go.

    While a mode is on, torch leaves its fused paths: an encoder layer then calls its activation like any other function, also in
    evaluation.
    """

    def __init__(self, interceptions: list[Interception], places: Callable[[], tuple[tuple[Location, ...], Hashable]]) -> None:
        super().__init__()
        self._interceptions = sorted(interceptions, key=lambda interception: interception.replaces)
        self._places = places
        self._functions = called_functions()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """The result of the call; what no treatment wants is called as it stands."""
        kwargs = kwargs or {}
        function = self._functions.get(func)
        call = read_call(function, args, kwargs) if function is not None else None
        if function is None or call is None or not (chosen := self._chosen(call)):
            return func(*args, **kwargs)
        return _treated(func, args, kwargs, call, chosen, in_place=function.in_place)

    def _chosen(self, call: Call) -> list[Interception]:
        wanting = [interception for interception in self._interceptions if interception.wanted(call)]
        if not wanting:
            return []
        places, call.key = self._places()
        call.place = places[0] if places else None
        return [interception for interception in wanting if interception.is_at(places)]


def _treated(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], call: Call, chosen: list[Interception], *, in_place: bool
) -> Tensor:
    given = call.input
    in_place = in_place or bool(call.options.get("inplace"))

    def as_it_stands(values: Tensor) -> Tensor:
        changed, named = with_input(args, kwargs, values)
        result: Tensor = func(*changed, **named)
        return result

    function: Callable[[Tensor], Tensor] = as_it_stands
    for interception in reversed(chosen):
        function = _applied(interception, call, function)
    if not in_place:
        return function(given)
    # What comes before must not be overwritten while the new function's backward still needs it.
    return given.copy_(function(given.clone()))


def _applied(interception: Interception, call: Call, function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def treated(values: Tensor) -> Tensor:
        call.input = values
        return interception.applied(call, function)

    return treated
