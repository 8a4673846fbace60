"""An activation that takes the place of another one, or is put where there was none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from reluctant.activations import AXIS_WISE, Activation, Gated, find, get
from reluctant.errors import UsageError

from ._learned_activation import LearnedActivation
from ._running_script import Call, RunningScript

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SWITCHES = frozenset({"inplace", "training"})
"""Arguments of calls that are no parameters of the activation."""


@dataclass(frozen=True, slots=True)
class OtherActivation:
    """What to compute: an activation of the catalogue, or softmax or log_softmax."""

    name: str
    spelling: str
    activation: Activation | None = None

    @property
    def parameters(self) -> Mapping[str, float | str]:
        """Its parameters by name."""
        return self.activation.parameters if self.activation is not None else {}

    def is_computed_by(self, call: Call) -> bool:
        """Whether the call computes just that already."""
        if self.activation is None:
            return call.operation == self.name
        return called_activation(call) == self.activation

    def why_not(self, call: Call) -> str:
        """Why it cannot be computed from a call's input; empty where it can."""
        if self.name in AXIS_WISE:
            return "" if call.operation in AXIS_WISE else f"{call.operation} has no axis along which {self.name} could work"
        learned = self.parameters.get("num_parameters", 1)
        channels = call.input.shape[1] if call.input.dim() > 1 else 1
        if learned in (1, channels):
            return ""
        return f"{self.spelling} has {learned} learned values, and {call.operation} gets {channels} channels"

    def function(self, script: RunningScript) -> OtherFunction:
        """The function of a call's input. Imports torch."""
        import torch

        if self.activation is None:
            along: Callable[..., Tensor] = getattr(torch.nn.functional, self.name)
            return OtherFunction(lambda call: along(call.input, dim=call.options["dim"] if call.options.get("dim") is not None else -1))
        if self.activation.learned:
            learned = LearnedActivation(partial(_module, self.activation), self.spelling, script)
            return OtherFunction(learned, learned.end)
        module = _module(self.activation)
        if self.activation.drawn:
            return OtherFunction(lambda call: module.train(_is_in_training(script))(call.input))
        return OtherFunction(lambda call: module(call.input))


def _nothing() -> None:
    """What most have to tell at the end."""


@dataclass(frozen=True, slots=True)
class OtherFunction:
    """The function of a call's input, and what is to be called when the run has ended."""

    of: Callable[[Call], Tensor]
    end: Callable[[], None] = _nothing


def _is_in_training(script: RunningScript) -> bool:
    """The mode of the innermost module that is running; outside of all modules, whether gradients are wanted."""
    import torch

    modules = script.caller().modules
    return modules[0].training if modules else torch.is_grad_enabled()


def called_activation(call: Call) -> Activation | None:
    """The activation that a call computes, with its arguments; None where the catalogue has none."""
    kept = {name: value for name, value in call.options.items() if name not in SWITCHES}
    numbers: dict[str, Any] = {name: value for name, value in kept.items() if isinstance(value, (int, float, str))}
    # LeakyReLU(True), which was meant to work in place, has slope 1.
    return find(call.operation, {name: float(value) if isinstance(value, bool) else value for name, value in numbers.items()})


def activation_named(spelling: str, where: str) -> OtherActivation:
    """What `spelling` names. Raises `UsageError` where it cannot be computed from an input alone."""
    if not spelling:
        raise UsageError("an activation is missing", where=where, advice="Write its name after a colon, as in swap-activation:leaky_relu")
    if spelling in AXIS_WISE:
        return OtherActivation(spelling, spelling)
    activation = get(spelling)
    if isinstance(activation, Gated):
        what = f"{activation.name} needs two inputs, and an activation that it could stand in for has one"
        raise UsageError(what, where=where, advice="Choose another activation")
    return OtherActivation(activation.name, activation.spelling, activation)


def _module(activation: Activation) -> Module:
    """Torch's own module where it has one: what is proved must not hang on our kernels."""
    import torch

    from reluctant.nn import MODULES

    kind = getattr(torch.nn, activation.torch_class) if activation.torch_class else MODULES[type(activation).__name__]
    module: Module = kind(**activation.parameters)
    return module
