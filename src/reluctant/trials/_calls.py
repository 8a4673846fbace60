"""Lets treatments make the results of calls of torch's functions, whoever makes the call and in whatever form."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from reluctant.recording import Location
from reluctant.treatments import Call

from ._operations import Operation, operations, read_call, with_input


@dataclass(frozen=True, slots=True)
class Treater:
    """What one treatment does at calls."""

    wanted: Callable[[Call], bool]
    applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]
    is_at: Callable[[tuple[Location, ...]], bool]
    replaces: bool = False
    """Whether it takes the place of the call, and so comes after those that change what enters or leaves it."""


class TreatedCalls(TorchFunctionMode):
    """A mode through which the thread's calls of torch go.

    While a mode is on, torch leaves its fused paths: an encoder layer then calls its activation like any other function, also in
    evaluation.
    """

    def __init__(self, treaters: list[Treater], places: Callable[[], tuple[tuple[Location, ...], Hashable]]) -> None:
        super().__init__()
        self._treaters = sorted(treaters, key=lambda treater: treater.replaces)
        self._places = places
        self._operations = operations()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """The result of the call; what no treatment wants is called as it stands."""
        kwargs = kwargs or {}
        operation = self._operations.get(func)
        call = read_call(operation, args, kwargs) if operation is not None else None
        if operation is None or call is None or not (chosen := self._chosen(call)):
            return func(*args, **kwargs)
        return _treated(func, args, kwargs, operation, call, chosen)

    def _chosen(self, call: Call) -> list[Treater]:
        wanting = [treater for treater in self._treaters if treater.wanted(call)]
        if not wanting:
            return []
        places, call.key = self._places()
        call.place = places[0] if places else None
        return [treater for treater in wanting if treater.is_at(places)]


def _treated(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], operation: Operation, call: Call, chosen: list[Treater]) -> Tensor:
    given = call.input
    in_place = operation.in_place or bool(call.options.get("inplace"))

    def as_it_stands(values: Tensor) -> Tensor:
        changed, named = with_input(args, kwargs, values)
        result: Tensor = func(*changed, **named)
        return result

    function: Callable[[Tensor], Tensor] = as_it_stands
    for treater in reversed(chosen):
        function = _applied(treater, call, function)
    if not in_place:
        return function(given)
    # What comes before must not be overwritten while the new function's backward still needs it.
    return given.copy_(function(given.clone()))


def _applied(treater: Treater, call: Call, function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def treated(values: Tensor) -> Tensor:
        call.input = values
        return treater.applied(call, function)

    return treated
