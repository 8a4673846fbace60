"""What the values that weights and biases start with say about the layer they belong to."""

from __future__ import annotations

import math

from reluctant.numbers import size
from reluctant.recording import Layer, LayerMoment, Location, ParameterMoment

from ._activation_at import gain
from ._network import Network, label, place_of

SCALE_TOO_LARGE = 3.0
"""Weight scale over gain from which weights are too large: a plain stack then grows by this factor a layer."""

SCALE_TOO_SMALL = 0.2
"""Weight scale over gain from which weights are too small. torch's default for Linear stands at 0.41 of what a ReLU asks."""

CHOSEN_BIAS = 2.0
"""Bias size, in units of the bound 1/sqrt(fan_in) of torch's default, from which it is no default: somebody chose it."""


def weight_scale(network: Network, layer: Layer) -> float | None:
    """Root mean square of the weights at the start times sqrt(fan_in): by how much the layer multiplies the size of its input."""
    start = first_values(network, layer.weight)
    if start is None or layer.fan_in <= 0:
        return None
    return math.hypot(start.mean, start.std) * math.sqrt(layer.fan_in)


def asked_gain(network: Network, layer: Layer) -> float:
    """The weight scale that keeps the signal's size: the gain of the activation after the layer, 1 where there is none."""
    after = [site for site in network.recording.sites if site.layer == layer.id and site.role in ("hidden", "gate", "output")]
    return gain(after[0]) if after else 1.0


def ratio_to_gain(network: Network, layer: Layer) -> float | None:
    """Weight scale over the gain that is asked for: 1 where the layer starts as its activation asks, 0.41 for a default Linear and ReLU."""
    scale = weight_scale(network, layer)
    return scale / asked_gain(network, layer) if scale else None


def weights_out_of_place(network: Network, layer: Layer) -> str | None:
    """What is odd about the weights that the layer starts with, as a clause; None where nothing is."""
    start, scale = first_values(network, layer.weight), weight_scale(network, layer)
    if start is None or scale is None:
        return None
    name, asked = label(layer), asked_gain(network, layer)
    if scale == 0:
        return f"every weight of {name} starts at 0"
    if math.prod(layer.weight_shape) >= 8 and (start.maximum < 0 or start.minimum > 0):
        return f"all weights of {name} start with one sign ({size(start.minimum)} to {size(start.maximum)})"
    if SCALE_TOO_SMALL * asked <= scale <= SCALE_TOO_LARGE * asked:
        return None
    wanted = asked / math.sqrt(layer.fan_in)
    asks = f"{layer.fan_in} inputs and the activation ask for {size(wanted)}"
    return f"the weights of {name} start with standard deviation {size(start.std)} where {asks}"


def bias_out_of_place(network: Network, layer: Layer) -> str | None:
    """How the biases that the layer starts with outweigh what its input adds, as a clause; None where they do not.

    Both must hold: they are larger than torch's default makes them, and larger than the spread over samples of the
    pre-activations. Default biases outweigh the input only where the signal has shrunk, which is no fault of the biases.
    """
    start, first = first_values(network, layer.bias), first_moment(layer)
    if start is None or first is None or first.output_unit_std is None:
        return None
    bias = math.hypot(start.mean, start.std)
    if bias <= first.output_unit_std or bias * math.sqrt(max(layer.fan_in, 1)) <= CHOSEN_BIAS:
        return None
    return (
        f"the biases of {label(layer)} start at {size(start.mean)} ± {size(start.std)} "
        f"where its input spreads a unit's pre-activation by {size(first.output_unit_std)}"
    )


def initialised_at(network: Network, layer: Layer) -> Location:
    """The line that gave the layer its weights: the call of an initialisation where one was seen, else the layer's own."""
    weight = network.weight_of(layer)
    return weight.initialised if weight is not None and weight.initialised is not None else place_of(layer)


def first_values(network: Network, parameter: int | None) -> ParameterMoment | None:
    """A parameter before its first update, as far as it was measured."""
    found = network.parameters.get(parameter) if parameter is not None else None
    return min(found.moments, key=lambda moment: moment.step) if found is not None and found.moments else None


def first_moment(layer: Layer) -> LayerMoment | None:
    """The layer at the first measured step."""
    return layer.moments[0] if layer.moments else None


def first_spread(layer: Layer) -> float | None:
    """How far the pre-activations of a layer's units spread over samples at the first measured step."""
    return layer.moments[0].output_unit_std if layer.moments else None
