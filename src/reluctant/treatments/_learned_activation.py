"""An activation with learned values in the place of others: each place has values of its own, which the script's optimizer trains."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._first_pass import nearest
from ._group_apart import GroupApart
from ._running_script import Call, RunningScript

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer


@dataclass(slots=True)
class _Place:
    """One place, with the values learned there."""

    activation: Module
    weight: Tensor | None
    """The learned tensor that comes last before it; None until it is called in training, and where there is none."""
    modules: tuple[weakref.ref[Module], ...] = ()
    """The two innermost modules that were running when it was called last: the activation's own, and the one that calls it."""
    is_trained: bool = False
    """Whether an optimizer holds the learned values."""

    def is_called_by(self, running: Sequence[Module]) -> bool:
        """Whether the same modules are running."""
        return len(running) == len(self.modules) and all(earlier() is module for earlier, module in zip(self.modules, running, strict=True))

    def is_called_anew(self, running: Sequence[Module], weight: Tensor | None) -> bool:
        """Whether the script made the activation's module again in the same network, as in ``nn.ReLU()(x)``."""
        if not self.modules or self.modules[0]() is not None or len(running) != len(self.modules):
            return False
        return self.modules[1]() is running[1] if len(running) > 1 else weight is not None and weight is self.weight


class LearnedActivation:
    """Computes an activation with learned values; what it is called with tells which values.

    A place is an instruction of the script and the modules that run there, so a function that is called for several layers in
    a loop has one set of values, and a block that is built several times has one for each. The values are put into the group
    that holds the weights before them: so they are zeroed, unscaled and scheduled as those are. For each step they stand
    apart, without weight decay.
    """

    def __init__(self, make: Callable[[], Module], name: str, script: RunningScript) -> None:
        self._make, self._name, self._script = make, name, script
        self._places: dict[Any, list[_Place]] = {}
        self._trained: dict[int, Tensor] = {}
        self._has_stepped = False
        self._apart = GroupApart(lambda parameter: id(parameter) in self._trained)
        script.around_steps(self._before_step, lambda optimizer: self._apart.join())

    def __call__(self, call: Call) -> Tensor:
        """The activation of the call's input."""
        import torch

        place = self._place(call)
        if not place.is_trained and torch.is_grad_enabled():
            self._join(place, self._script.optimizers())
        result: Tensor = place.activation(call.input)
        return result

    def end(self) -> None:
        """Tell where nothing was learned at all."""
        if self._places and not self._has_stepped:
            self._script.not_applied(None, f"no optimizer made a step with the learned values of {self._name}")

    def _place(self, call: Call) -> _Place:
        import torch

        caller = self._script.caller()
        running = caller.modules[:2]
        places = self._places.setdefault(caller.instruction, [])
        weight = _last_learned(call.input) if torch.is_grad_enabled() else None
        place = next((place for place in places if place.is_called_by(running)), None)
        if place is None:
            place = next((place for place in places if place.is_called_anew(running, weight)), None)
        if place is None:
            places[:] = [there for there in places if not there.modules or any(module() is not None for module in there.modules)]
            place = _Place(self._make().to(device=call.input.device, dtype=_type_of_values(call.input)), weight)
            places.append(place)
        place.modules = tuple(map(weakref.ref, running))
        place.weight = weight if place.weight is None else place.weight
        return place

    def _join(self, place: _Place, optimizers: Sequence[Optimizer]) -> None:
        """Put the learned values into the group that holds the weight before them."""
        for optimizer in optimizers:
            for group in optimizer.param_groups if place.weight is not None and _takes(optimizer) else ():
                if not place.is_trained and any(parameter is place.weight for parameter in group["params"]):
                    self._add(place, optimizer, group)

    def _before_step(self, optimizer: Optimizer) -> None:
        for place in [place for places in self._places.values() for place in places if not place.is_trained]:
            self._join(place, [optimizer])
            # No optimizer holds what is before it (it is frozen, or there is nothing): the first that steps after a backward takes it.
            if not place.is_trained and _takes(optimizer) and any(p.grad is not None for p in place.activation.parameters()):
                self._add(place, optimizer, optimizer.param_groups[0])
        self._has_stepped |= any(id(parameter) in self._trained for group in optimizer.param_groups for parameter in group["params"])
        self._apart.part(optimizer)

    def _add(self, place: _Place, optimizer: Optimizer, group: dict[str, Any]) -> None:
        import torch

        place.is_trained = True
        for parameter in place.activation.parameters():
            self._trained[id(parameter)] = parameter
            group["params"].append(parameter)
            if isinstance(optimizer, torch.optim.Adagrad):  # the one that makes its state when it is built
                optimizer.state.update(torch.optim.Adagrad([parameter], **optimizer.defaults).state)


def _takes(optimizer: Optimizer) -> bool:
    """Whether it trains parameters of any shape."""
    return type(optimizer).__name__ != "Muon"


def _type_of_values(values: Tensor) -> Any:
    """The type to learn in: that of the values, but not one of 16 bits under autocast, which converts by itself."""
    import torch

    return torch.float32 if torch.is_autocast_enabled(values.device.type) else values.dtype


def _last_learned(values: Tensor) -> Tensor | None:
    """The learned tensor that is nearest to `values` on the way back through autograd's graph."""
    leaves = nearest(values.grad_fn, lambda node: getattr(node, "variable", None) is not None)
    return next((node.variable for node in leaves), None)
