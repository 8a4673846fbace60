"""reinitialise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.activations import definitions, find
from reluctant.errors import UnknownNameError
from reluctant.recording import CauseKind, Finding, Location, Recording

from ._first_pass import IdleFirstStep, nearest
from ._other_activation import called_activation
from ._running_script import RECURRENT, Call, RunningScript
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

LAYERS = 2**20
"""More than any network has: so no two layers, and no two trials, draw with one seed."""

SCHEMES = {
    "he": "torch.nn.init.kaiming_normal_ (He)",
    "glorot": "torch.nn.init.xavier_normal_ (Glorot)",
    "lecun": "torch.nn.init.kaiming_normal_(…, nonlinearity='linear') (LeCun)",
    "orthogonal": "torch.nn.init.orthogonal_",
}
"""How the weights may be drawn, and what of torch draws them so."""

SCHEMES_AGAINST = {
    "saturated-units": ("lecun",),
    "broken-self-normalisation": ("lecun",),
    "exploding-gradient": ("he", "lecun"),
    "non-finite-values": ("he", "lecun"),
    "mismatched-initialisation": ("he", "lecun"),
}
"""By the name of a finding. Gain 1 keeps values off the flat parts, and SELU asks for it; where values grow, it may be the better one."""


@dataclass(slots=True)
class _Layer:
    operation: str
    place: Location | None
    weight: Tensor
    bias: Tensor | None = None
    gain: float = 1.0
    follows: str = ""
    """The activation that the gain is that of; empty where none follows."""


class Reinitialise(Treatment):
    """Draws the weights of the layers anew, with the gain that follows from the activation after each.

    ## What it does

    The weights of linear, convolutional and recurrent layers are drawn from a normal distribution, their biases set to 0. The standard
    deviation is gain / sqrt(fan-in) for `he` and `lecun`, gain · sqrt(2 / (fan-in + fan-out)) for `glorot`; `orthogonal` makes
    the weights' rows or columns orthogonal, times gain. The gain is that of the activation that follows, computed by the catalogue
    from its formula, and 1 where none follows; `lecun` has gain 1 everywhere. The script's stream of random numbers stays as it is.

    What follows what shows in the first pass. So the first step of each optimizer is left out, the weights are drawn in its place,
    and training begins with the second. Recurrent layers are drawn matrix by matrix, with the gain of their activation, LSTM and GRU
    with gain 1. With `@LINE` only the layers that are called or built at that line are treated.

    ## When it cannot be applied

    Where no linear, convolutional or recurrent layer has weights that an optimizer holds, as with embeddings; and where the optimizer is
    LBFGS. Copies of the network that the script made before its first step keep the old weights. Fans are counted
    as torch.nn.init counts them.
    """

    arguments = "SCHEME"
    order = 30
    removes = {"initialisation": ("he",), "bias-initialisation": ("he",), "depth": ("he",), "width": ("he",)}
    tried = "reinitialise:he"
    advice = "initialise the weights as the activation asks"
    advice_with_arguments = "initialise the weights with {}"
    nothing_met = "no optimizer holds the weights of a linear, convolutional or recurrent layer that was called"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.sum(1, keepdim=True)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
        for layer in (model[0], model[2]):
            nn.init.normal_(layer.weight, std=1e-4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    @classmethod
    def arguments_against(cls, finding: Finding, kind: CauseKind, recording: Recording) -> tuple[str, ...]:
        """By the gain of each activation, but where the finding asks for another one."""
        return SCHEMES_AGAINST.get(finding.name, cls.removes[kind]) if kind in cls.removes else ()

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """Any of the schemes."""
        return tuple(f"{cls.treatment_name()}:{scheme}" for scheme in SCHEMES)

    @classmethod
    def in_words(cls, arguments: str = "") -> str:
        """With the function of torch that draws them."""
        return super().in_words(SCHEMES.get(arguments.casefold(), arguments))

    def read(self, arguments: str) -> None:
        """The name of a scheme."""
        self._scheme = (arguments or "he").casefold()
        if self._scheme not in SCHEMES:
            raise UnknownNameError("scheme", arguments, SCHEMES, where=str(self.request))

    def start(self, script: RunningScript) -> None:
        """Learn what follows each layer; draw the weights in the place of the first step."""
        self._script = script
        self._idle = IdleFirstStep(script)
        self._layers: dict[int, _Layer] = {}
        self._made_by: dict[object, _Layer] = {}
        self._seed = script.seed
        activations = frozenset(definitions())
        script.at_calls(lambda call: call.operation in ("linear", "convolution") and call.is_learned, self._multiplied)
        script.at_calls(lambda call: call.operation in RECURRENT, self._recurred)
        script.everywhere(lambda call: call.operation in activations, self._activated)
        script.around_steps(self._draw, self._idle.put_back)

    def _multiplied(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        result = function(call.input)
        weight = call.weight
        if weight is not None and result.grad_fn is not None and id(weight) not in self._layers:
            bias = call.options.get("bias")
            layer = self._layers[id(weight)] = _Layer(call.operation, call.place, weight, bias)
            self._made_by[result.grad_fn] = layer
        return result

    def _recurred(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Each matrix is a layer; the activation is inside. Gates are kept where sigmoids have slope, with gain 1."""
        inside = find(call.operation.removeprefix("rnn_")) if call.operation.startswith("rnn_") else None
        for weight in call.weights:
            if weight.requires_grad and weight.is_leaf and id(weight) not in self._layers:
                layer = self._layers[id(weight)] = _Layer(call.operation, call.place, weight)
                if inside is not None:
                    layer.gain, layer.follows = inside.gain, inside.spelling
        return function(call.input)

    def _activated(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        before = call.input.grad_fn
        result = function(call.input)  # first: another treatment may compute another activation, and says so in the call
        activation = called_activation(call) if self._made_by and before is not None else None
        if activation is not None:
            for node in nearest(before, self._made_by.__contains__):
                layer = self._made_by.pop(node)
                layer.gain, layer.follows = activation.gain, activation.spelling
        return result

    def _draw(self, optimizer: Optimizer) -> None:
        in_optimizer = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        layers = [layer for key, layer in self._layers.items() if key in in_optimizer]
        if not layers or not self._idle.leave_out(optimizer):
            return
        self._made_by.clear()
        for number, layer in enumerate(layers):
            gain = 1.0 if self._scheme == "lecun" else layer.gain
            _draw(layer, self._scheme, gain, seed=self._seed * LAYERS + number)
            after = f", which {layer.follows} follows" if layer.follows else ""
            self._script.applied(layer.place, f"{self._scheme} initialisation with gain {gain:.4g} for {layer.operation}{after}")


def _draw(layer: _Layer, scheme: str, gain: float, seed: int) -> None:
    """Give a layer new weights, drawn by a generator of its own."""
    import torch

    weight = layer.weight
    if weight.dim() < 2:  # a bias of a recurrent layer
        with torch.no_grad():
            weight.zero_()
        return
    fan_out, fan_in = weight.shape[0] * weight[0, 0].numel(), weight.shape[1] * weight[0, 0].numel()
    deviation = gain * math.sqrt(2 / (fan_in + fan_out)) if scheme == "glorot" else gain / math.sqrt(fan_in)
    drawn = torch.empty(weight.shape, device="cpu")
    generator = torch.Generator().manual_seed(seed)
    if scheme == "orthogonal":
        torch.nn.init.orthogonal_(drawn, gain, generator=generator)
    else:
        torch.nn.init.normal_(drawn, 0.0, deviation, generator=generator)
    with torch.no_grad():
        weight.copy_(drawn)
        if layer.bias is not None and layer.bias.requires_grad:
            layer.bias.zero_()
