"""Lets treatments make the results of calls of torch's functions, whoever makes the call and in whatever form."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from reluctant.recording import Location
from reluctant.treatments import Call, Interception

from ._called_functions import called_functions, read_call, with_input


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
