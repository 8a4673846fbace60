"""revive."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reluctant.activations import definitions
from reluctant.errors import UsageError
from reluctant.instrument.torch_private import MissingNameError, saved

from ._other_activation import called_activation
from ._running_script import Call, RunningScript
from ._treatment import Treatment
from ._units import Units, Weights, chain, mask_of
from .swap_activation import BOUNDED

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

EVERY = 50
"""Steps between two times at which dead units are looked for, where it is not said."""

LEAST_SAMPLES = 300
"""A unit that was silent on so many samples fires on fewer than 1 % of inputs (95 %); fewer samples are waited for."""

MADE, USED = "reluctant: made by", "reluctant: units"
"""Marks on nodes of autograd's graph, which go with the graph."""


class Revive(Treatment):
    """Draws the weights of dead units anew, time and again.

    ## What it does

    After every EVERY steps of an optimizer (50 if nothing is said) it looks for units that were on the dead side of their activation
    on every sample in training since the last time, at least 300. The weights that make such a unit are drawn from a
    normal distribution with standard deviation gain / sqrt(fan-in), with the gain of the activation, and its bias is set to 0. The
    weights that take it up are set to 0, so that what the network computes stays as it is at first; they learn before the unit does.
    The optimizer's state of both, momentum and mean squares, is set to 0 as well. The script's stream of random numbers stays as it is.

    It treats what comes from a linear or convolutional layer into ReLU, ReLU6, squared ReLU, `clamp(min=0)` and their like, and goes
    to such layers; views, pooling and dropout may lie between. It takes away no cause: a learning rate that kills units kills
    them again. After Sokar, Agarwal, Castro, Evci, "The Dormant Neuron Phenomenon in Deep Reinforcement Learning" (ICML 2023),
    arXiv:2302.12902 (ReDo), where units whose share in a layer's activity is merely small are drawn anew as well.

    ## When it cannot be applied

    Where a normalisation, a sum with another path or a change of axes lies between a layer and the activation, or where no linear
    or convolutional layer takes up the units directly; where the run ends before it is time; and where the optimizer is LBFGS, which keeps
    its history as one vector. A weight that is used at several places is changed at all of them, and where units go to other places
    than such layers as well, what the network computes does change. Where no unit is dead when it is looked for, nothing is done.
    """

    arguments = "EVERY"
    order = 90
    eases = {"dead-units": ("50",)}
    tried = "revive:4"
    advice = "draw the weights of dead units anew during training (ReDo)"
    advice_with_arguments = "draw the weights of dead units anew every {} steps (ReDo)"
    nothing_met = "no activation with a dead side stands between two linear or convolutional layers"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.sum(1, keepdim=True)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(model[0].bias, -20.0)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    def read(self, arguments: str) -> None:
        """A number of steps."""
        if arguments and not (arguments.isdecimal() and int(arguments) > 0):
            raise UsageError(f"{arguments!r} is no number of steps", where=str(self.request), advice="Write 50, for example")
        self.every = int(arguments or EVERY)

    def start(self, script: RunningScript) -> None:
        """Watch units in training, and look for dead ones after steps."""
        self._script = script
        self._units: dict[int, Units] = {}
        self._steps: dict[int, int] = {}
        self._optimizers: list[Optimizer] = []
        self._looked = self._drawn = 0
        kinds = frozenset(definitions()) - (frozenset() if self.request.lines else BOUNDED - {"clamp"})
        script.everywhere(lambda call: call.operation in ("linear", "convolution") and call.is_learned, self._multiplied)
        script.at_calls(lambda call: call.operation in kinds, self._activated)
        script.around_steps(lambda optimizer: None, self._stepped)

    def _multiplied(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        values = call.input
        result = function(values)
        node: Any = result.grad_fn
        weights = _weights(call, node) if node is not None and call.weight is not None and call.weight.dim() >= 2 else None
        if weights is not None:
            if (units := chain(values, USED)) is not None:
                units.taken_up(values, by=weights)
            node.metadata[MADE] = weights
        return result

    def _activated(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        values = call.input
        before: Weights | None = chain(values, MADE)
        result = function(values)  # first: another treatment may compute another activation, and says so in the call
        activation = called_activation(call)
        node: Any = result.grad_fn
        if activation is None or before is None or node is None or not _is_silent_below(activation):
            return result
        units = self._units.setdefault(id(before.weight), Units(activation, call.place, before))
        if units.see(result):
            node.metadata[USED] = units
        return result

    def _stepped(self, optimizer: Optimizer) -> None:
        if id(optimizer) not in self._steps:
            self._optimizers.append(optimizer)  # kept alive, so that its identity stays its own
        self._steps[id(optimizer)] = made = self._steps.get(id(optimizer), 0) + 1
        if made % self.every:
            return
        in_optimizer = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        for units in self._units.values():
            if id(units.before.weight) in in_optimizer and units.after and units.samples >= LEAST_SAMPLES:
                self._revive(units, optimizer)

    def _revive(self, units: Units, optimizer: Optimizer) -> None:
        if type(optimizer).__name__ == "LBFGS":
            self._script.not_applied(units.place, "LBFGS keeps its history as one vector, in which no unit can be found")
            return
        self._looked += 1
        dead = units.dead()
        if not len(dead):
            return
        before = units.before
        changed = [(after.weight, after.taking(dead, before)) for after in units.after.values()]
        if before.bias is not None and before.bias.requires_grad:
            changed.append((before.bias, mask_of(before.bias, dead)))
        masks = [(parameter, mask) for parameter, mask in changed if mask is not None]
        if len(masks) < len(changed):
            self._script.not_applied(units.place, "units are dead, and which weights take them up cannot be told")
            return
        self._drawn += 1
        self._set(before.weight, before.making(dead), _drawn(units, self._script.seed, self._drawn))
        for parameter, mask in masks:
            self._set(parameter, mask)
        for _ in range(len(dead)):
            self._script.applied(units.place, f"dead units before {units.activation.spelling} were drawn anew")

    def _set(self, parameter: Tensor, mask: Tensor, drawn: Tensor | None = None) -> None:
        """Give the entries under the mask new values, or 0, and let all optimizers forget what they knew of them."""
        import torch

        with torch.no_grad():
            parameter.copy_(torch.where(mask, torch.zeros_like(parameter) if drawn is None else drawn, parameter))
            for state in [state for optimizer in self._optimizers for state in optimizer.state.get(parameter, {}).values()]:
                if isinstance(state, torch.Tensor) and state.shape == parameter.shape:
                    state.masked_fill_(mask, 0)

    def end(self) -> None:
        """Tell that no unit was dead, or that it was never time to look."""
        places = [units.place for units in self._units.values() if units.after]
        if self._looked and not self._drawn:
            self._script.already_so(places[0], "no unit was dead when dead ones were looked for")
        elif places and not self._looked:
            self._script.not_applied(places[0], f"the run ended before {self.every} steps and {LEAST_SAMPLES} samples were made")


def _weights(call: Call, node: Any) -> Weights | None:
    """The layer that was called; None where autograd's graph does not say how a convolution was made."""
    weight, bias = call.weight, call.options.get("bias")
    if weight is None or call.operation == "linear":
        return Weights(weight, bias) if weight is not None else None
    try:
        layer = Weights(weight, bias, True, saved(node, "transposed"), saved(node, "groups"))
    except MissingNameError:
        return None
    return None if layer.is_transposed and layer.groups > 1 else layer


def _is_silent_below(activation: Any) -> bool:
    """Whether it gives 0 and passes no gradient on its lower side."""
    below = [region for region in activation.traits.dead_regions if math.isinf(region.start)]
    return bool(below) and math.isfinite(below[0].end) and float(activation(below[0].end)) == 0.0


def _drawn(units: Units, seed: int, number: int) -> Tensor:
    """New values for the whole weight that makes the units, drawn by a generator of its own; `number` tells the times apart."""
    import torch

    weight = units.before.weight
    generator = torch.Generator().manual_seed((seed << 32) + number)
    fan_in = weight[0, 0].numel() * (weight.shape[0] if units.before.is_transposed else weight.shape[1])
    drawn = torch.empty(weight.shape).normal_(0.0, units.activation.gain / math.sqrt(fan_in), generator=generator)
    return drawn.to(device=weight.device, dtype=weight.dtype)
