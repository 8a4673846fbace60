"""Why units are dead, flat or always on, and why training blew up, each with the evidence that speaks for it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from reluctant.recording import Cause, CauseKind, Layer, Site, Treatment

from ._initialisation import bias_out_of_place, first_moment, weight_scale, weights_out_of_place
from ._inputs import unscaled, unscaled_before
from ._network import Network
from ._numbers import count, size
from ._updates import largest_jump, stepped_by

NARROW = 8
"""Units up to which a layer counts as narrow: with as many units at He initialisation and a bias of 0 all are born dead
for a given input with probability 2^-8, and deep stacks of such layers multiply that (Lu et al. 2020, theorem 3.1)."""

DEEP = 10
"""Layers before a site from which depth by itself is a cause of dead units (Lu et al. 2020)."""

SHRUNK = 0.05
"""Spread of the pre-activations over that of the first layer's, below which default biases decide which units are on."""

REPAIRS: dict[CauseKind, tuple[str, ...]] = {
    "learning-rate": ("lower-learning-rate",),
    "input-scale": ("scale-input",),
    "initialisation": ("reinitialise", "normalise"),
    "bias-initialisation": ("reinitialise", "normalise"),
    "depth": ("normalise", "reinitialise"),
    "width": ("swap-activation", "reinitialise"),
    "activation-choice": ("swap-activation",),
    "head-loss-mismatch": ("remove-output-activation",),
}
"""Names of the treatments that remove a cause. With the cause known, only these are worth trying."""


def treatments_for(cause: Cause, offered: tuple[Treatment, ...]) -> tuple[Treatment, ...]:
    """The treatments that remove this cause, in the rule's order; all that the rule offers where it has none for it."""
    fitting = tuple(treatment for treatment in offered if treatment.name in REPAIRS.get(cause.kind, ()))
    return fitting or offered


def why_dead(known: Network, site: Site) -> Cause:
    """Why units of `site` pass no gradient: what they were born with, or what training did to them."""
    if site.role == "output":
        return Cause("head-loss-mismatch", f"the {site.operation} sits on the output, where it keeps the loss from asking for more than its flat side gives")
    died = [silence for silence in site.silences if silence.last_alive_step >= 0]
    later = sum(silence.units for silence in died)
    if 2 * later <= sum(silence.units for silence in site.silences):
        return _why_born(known, site)
    last = max(silence.first_silent_step for silence in died)
    first = min(silence.first_silent_step for silence in died)
    when = f"{count(later)} units that had passed gradient fell silent by step {last}" if first < last else f"{count(later)} units fell silent at step {last}"
    return _why_changed(known, site, last, when)


def why_flat(known: Network, site: Site, flat_at_start: bool) -> Cause:
    """Why units of `site` stay on its flat part: what comes in at the start, or what training did."""
    if flat_at_start:
        return _why_too_large(known, site)
    first = next((moment.step for moment in site.moments if moment.flat_share >= 0.5), known.recording.steps)
    return _why_changed(known, site, first, f"its units were off the flat part at the start and on it from step {first}")


def why_idle(known: Network, site: Site) -> Cause:
    """Why every unit of `site` keeps one slope on all samples."""
    layer = _layer(known, site)
    bias = bias_out_of_place(known, layer) if layer else None
    if bias:
        return Cause("bias-initialisation", f"{bias}: no sample brings a unit to the other side of 0")
    entry = unscaled_before(known, known.site_spots.get(site.id, ()))
    if entry:
        return Cause("input-scale", f"{entry}: units are off or on for every sample")
    shrunk = _shrinkage(known, site)
    if shrunk:
        return Cause("initialisation", shrunk)
    if site.operation in ("hardtanh", "clamp", "relu6", "hardsigmoid", "hardswish", "threshold"):
        return Cause("activation-choice", "its bounds lie beyond every value that reaches it")
    return Cause("none")


def why_blown_up(known: Network, layers: Iterable[Layer], last_step: int) -> Cause:
    """Why gradients or the loss grew without limit by `last_step`: the input, the weights at the start, or the steps taken."""
    chain = list(layers)
    for layer in chain:
        entry = unscaled(known, layer)
        if entry:
            return Cause("input-scale", f"{entry}: each step changes the output by as much as the square of that scale")
    for layer in chain:
        weights = weights_out_of_place(known, layer)
        if weights and (weight_scale(known, layer) or 0.0) > 1.0:
            return Cause("initialisation", weights)
    jump = largest_jump(known, chain, last_step)
    if jump is None:
        return Cause("learning-rate", "signal and weights are of usual size at the start, and grow with the steps taken")
    return Cause("learning-rate", f"{jump.clause}{stepped_by(known, jump.layer)}; at the start, signal and weights are of usual size")


def _why_born(known: Network, site: Site) -> Cause:
    """Why units were silent from the first measured step on."""
    layer, spots = _layer(known, site), known.site_spots.get(site.id, ())
    bias = bias_out_of_place(known, layer) if layer else None
    if bias:
        return Cause("bias-initialisation", f"they are silent from the first step: {bias}")
    weights = weights_out_of_place(known, layer) if layer else None
    if weights and layer and (weight_scale(known, layer) == 0 or "one sign" in weights):
        return Cause("initialisation", f"they are silent from the first step: {weights}")
    entry = unscaled_before(known, spots)
    if entry:
        return Cause("input-scale", f"they are silent from the first step: {entry}")
    if weights:
        return Cause("initialisation", f"they are silent from the first step: {weights}")
    shrunk = _shrinkage(known, site)
    if shrunk:
        return Cause("initialisation", f"they are silent from the first step: {shrunk}")
    if 0 < site.units <= NARROW:
        return Cause("width", f"they are silent from the first step, and a layer of {site.units} units has few others to keep gradient flowing")
    depth = sum(1 for _ in known.layers_before(spots))
    if depth >= DEEP:
        return Cause("depth", f"they are silent from the first step, {depth} layers deep, where weights and biases are of usual size")
    return Cause("none", "they are silent from the first step; input, weights and biases are of usual size")


def _why_changed(known: Network, site: Site, step: int, when: str) -> Cause:
    """Why units left their working range during training, by `step`."""
    spots = known.site_spots.get(site.id, ())
    entry = unscaled_before(known, spots)
    if entry:
        return Cause("input-scale", f"{when}; {entry}")
    layer = _layer(known, site)
    near = [layer] if layer else list(known.layers_before(spots))[-1:]
    jump = largest_jump(known, near, step) or largest_jump(known, known.layers_before(spots), step)
    if jump is not None and jump.ratio >= 1:
        return Cause("learning-rate", f"{when}; {jump.clause}{stepped_by(known, jump.layer)}")
    return Cause("none", f"{when}; no single update was large")


def _why_too_large(known: Network, site: Site) -> Cause:
    """Which factor makes pre-activations too large at the start: the input or the weights."""
    layer, spots = _layer(known, site), known.site_spots.get(site.id, ())
    bias = bias_out_of_place(known, layer) if layer else None
    scale = weight_scale(known, layer) if layer else None
    first = first_moment(layer) if layer else None
    incoming = first.input_rms if first is not None and first.input_rms else None
    entry = unscaled_before(known, spots)
    if scale and incoming and scale > 1 and math.log(scale) >= math.log(max(incoming, 1e-30)):
        name = layer.name if layer and layer.name else "the layer before it"
        return Cause("initialisation", f"at the first step {name} multiplies the size of its input by {size(scale)} (input {size(incoming)})")
    if entry:
        return Cause("input-scale", f"flat from the first step: {entry}")
    if bias:
        return Cause("bias-initialisation", f"flat from the first step: {bias}")
    if incoming and incoming > 1:
        return Cause("input-scale", f"at the first step values of size {size(incoming)} reach {layer.name if layer and layer.name else 'the layer before it'}")
    return Cause("none", "flat from the first step; input, weights and biases are of usual size")


def _shrinkage(known: Network, site: Site) -> str | None:
    """How the signal shrank on its way to `site` at the first step, as a clause; None where it did not."""
    layer, spots = _layer(known, site), known.site_spots.get(site.id, ())
    here = first_moment(layer).output_unit_std if layer and first_moment(layer) else None  # type: ignore[union-attr]
    before = next((moment.output_unit_std for one in known.layers_before(spots) if (moment := first_moment(one)) and moment.output_unit_std), None)
    if here is None or before is None or here >= SHRUNK * before:
        return None
    return f"the spread of the signal falls from {size(before)} after the first layer to {size(here)} here, so that biases decide which units are on"


def _layer(known: Network, site: Site) -> Layer | None:
    return known.layers.get(site.layer) if site.layer is not None else None
