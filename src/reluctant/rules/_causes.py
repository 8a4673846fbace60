"""Why units are dead, flat or always on, and why training blew up, each with the evidence that speaks for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reluctant.numbers import count, size
from reluctant.recording import Cause, CauseKind, Layer, Optimizer, Site

from ._initialisation import bias_out_of_place, first_moment, first_spread, ratio_to_gain, weight_scale, weights_out_of_place
from ._input_scale import scale_and_offset, unscaled, unscaled_before
from ._network import Network, label

NARROW = 8
"""Units up to which a layer counts as narrow: with as many units at He initialisation and a bias of 0 all are born dead
for a given input with probability 2^-8, and deep stacks of such layers multiply that (Lu et al. 2020)."""

DEEP = 10
"""Layers before a site from which depth by itself is a cause of dead units (Lu et al. 2020)."""

SHRUNK = 0.05
"""Spread of the pre-activations over that of the first layer's, below which default biases decide which units are on."""

BELOW_GAIN = 0.8
"""Mean weight scale over gain below which the weights account for a signal that shrank; otherwise it shrank because units died."""

SWOLLEN = 100.0
"""Size of values inside the network over that of the data, at the first step, from which not the steps taken make them large."""

SOON = 16
"""Steps after the first measured one in which updates are like those that were made before it."""

SHARP_BOUNDS = frozenset({"hardtanh", "clamp", "relu6", "hardsigmoid", "hardswish", "threshold"})
"""Activations that are straight between bounds given as numbers."""


def why_dead(network: Network, site: Site) -> Cause:
    """Why units of `site` pass no gradient: what they were born with, or what training did to them."""
    if site.role == "output":
        clause = f"the {site.operation} sits on the output, where the loss cannot pull it back from its flat side"
        return Cause("head-loss-mismatch", clause)
    died = [silence for silence in site.silences if silence.last_alive_step >= 0]
    later = sum(silence.units for silence in died)
    if 2 * later <= sum(silence.units for silence in site.silences):
        return _why_born(network, site)
    first, last = min(silence.first_silent_step for silence in died), max(silence.first_silent_step for silence in died)
    when = f"at step {last}" if first == last else f"between steps {first} and {last}"
    return _why_changed(network, site, last, f"{count(later)} units that had passed gradient fell silent {when}")


def why_flat(network: Network, site: Site, flat_at_start: bool) -> Cause:
    """Why units of `site` stay on its flat part: what comes in at the start, or what training did."""
    if flat_at_start:
        return _why_too_large(network, site)
    first = next((moment.step for moment in site.moments if moment.flat_share >= 0.5), network.recording.steps)
    return _why_changed(network, site, first, f"its units were off the flat part at the start and on it from step {first}")


def why_idle(network: Network, site: Site) -> Cause:
    """Why every unit of `site` keeps one slope on all samples."""
    layer = network.layer_of(site)
    bias = bias_out_of_place(network, layer) if layer else None
    if bias:
        return Cause("bias-initialisation", f"{bias}: no sample brings a unit to the other side of 0")
    entry = unscaled_before(network, network.spots(site))
    if entry:
        return Cause("input-scale", f"{entry}: units are off or on for every sample")
    weights = weights_out_of_place(network, layer) if layer else None
    shrunk = _shrinkage(network, site)
    if shrunk or weights:
        return Cause("initialisation", shrunk or weights or "")
    if site.operation in SHARP_BOUNDS:
        return Cause("activation-choice", "its bounds lie beyond every value that reaches it")
    return Cause("none")


def why_blown_up(network: Network, layers: Iterable[Layer], last_step: int) -> Cause:
    """Why gradients or the loss grew without limit by `last_step`: the input, the weights at the start, or the steps taken."""
    chain = list(layers)
    entry = next((found for layer in chain if (found := unscaled(network, layer))), None)
    if entry:
        return Cause("input-scale", f"{entry}: a step changes the output by as much as the square of that scale")
    for layer in chain:
        weights = weights_out_of_place(network, layer)
        if weights and (weight_scale(network, layer) or 0.0) > 1.0:
            return Cause("initialisation", weights)
    swollen = _swelling(chain)
    if swollen:
        return Cause("initialisation", swollen)
    jump = largest_jump(network, chain, last_step)
    if jump is None or jump.ratio < 1:
        return Cause("none", "input, signal and weights are of usual size at the start, and no update was large")
    return Cause("learning-rate", f"{jump.clause}{stepped_by(network, jump.layer)}; at the start, signal and weights are of usual size")


def _why_born(network: Network, site: Site) -> Cause:
    """Why units were silent from the first measured step on: the most particular reason that holds."""
    layer, spots = network.layer_of(site), network.spots(site)
    weights = weights_out_of_place(network, layer) if layer else None
    certain = weights if weights and layer and (weight_scale(network, layer) == 0 or "one sign" in weights) else None
    entry = unscaled_before(network, spots)
    depth = 0 if network.is_bypassed(spots) else sum(1 for _ in network.layers_before(spots))
    narrow = f"a layer of {site.units} units has few others to keep gradient flowing" if 0 < site.units <= NARROW else None
    reasons: tuple[tuple[CauseKind, str | None], ...] = (
        ("bias-initialisation", bias_out_of_place(network, layer) if layer else None),
        ("initialisation", certain),
        ("input-scale", str(entry) if entry else None),
        ("initialisation", weights),
        ("initialisation", _shrinkage(network, site)),
        ("width", narrow),
        ("depth", f"they lie {depth} layers deep, where weights and biases are of usual size" if depth >= DEEP else None),
        ("learning-rate", _early_jump(network, site)),
        ("none", "input, weights and biases are of usual size"),
    )
    kind, clause = next((kind, clause) for kind, clause in reasons if clause)
    first = site.whole.first_step if site.whole is not None else 0
    return Cause(kind, f"they are silent from the first step{f' measured ({count(first)})' if first else ''}: {clause}")


def _early_jump(network: Network, site: Site) -> str | None:
    """A large update by which units may have died before their site was first measured, as a clause; None from the run's first step on."""
    layer, first = network.layer_of(site), site.whole.first_step if site.whole is not None else 0
    jump = largest_jump(network, [layer], first + SOON) if layer is not None and first > 0 else None
    return f"{jump.clause}{stepped_by(network, jump.layer)}" if jump is not None and jump.ratio >= 1 else None


def _why_changed(network: Network, site: Site, step: int, when: str) -> Cause:
    """Why units left their working range during training, by `step`."""
    spots = network.spots(site)
    entry = unscaled_before(network, spots)
    if entry:
        return Cause("input-scale", f"{when}; {entry}")
    layer = network.layer_of(site)
    jump = largest_jump(network, [layer] if layer else network.layers_before(spots), step)
    if jump is not None and jump.ratio >= 1:
        return Cause("learning-rate", f"{when}; {jump.clause}{stepped_by(network, jump.layer)}")
    return Cause("none", f"{when}; no update was large")


def _why_too_large(network: Network, site: Site) -> Cause:
    """Which factor makes pre-activations too large at the start: the input, the weights or the biases."""
    layer = network.layer_of(site)
    scale = weight_scale(network, layer) if layer else None
    first = first_moment(layer) if layer else None
    incoming = first.input_rms if first is not None else None
    entry = unscaled_before(network, network.spots(site))
    if layer and scale and incoming and scale > 1 and scale >= incoming:
        clause = f"at the first step {label(layer)} multiplies the size of its input ({size(incoming)}) by {size(scale)}"
        return Cause("initialisation", clause)
    if entry:
        return Cause("input-scale", f"flat from the first step: {entry}")
    bias = bias_out_of_place(network, layer) if layer else None
    if bias:
        return Cause("bias-initialisation", f"flat from the first step: {bias}")
    if layer and incoming and incoming > 1:
        return Cause("input-scale", f"at the first step values of size {size(incoming)} reach {label(layer)}")
    return Cause("none", "flat from the first step; input, weights and biases are of usual size")


def _shrinkage(network: Network, site: Site) -> str | None:
    """How the signal shrank on its way to `site` at the first step, as a clause; None where it did not."""
    layer = network.layer_of(site)
    here = first_spread(layer) if layer else None
    chain = list(network.layers_before(network.spots(site)))
    ratios = [ratio for one in chain if (ratio := ratio_to_gain(network, one)) is not None]
    if not ratios or sum(ratios) >= BELOW_GAIN * len(ratios):
        return None
    before = next((spread for one in chain if (spread := first_spread(one))), None)
    if here is None or before is None or here >= SHRUNK * before:
        return None
    return f"the spread of the signal falls from {size(before)} after the first layer to {size(here)} here, so that biases decide"


def _swelling(chain: Sequence[Layer]) -> str | None:
    """How much larger than the data values are in some layer at the first step, as a clause; None where it is not much."""
    data = [scale_and_offset(layer.input)[0] for layer in chain if layer.input is not None]
    sizes = {layer.id: first.input_rms for layer in chain if (first := first_moment(layer)) and first.input_rms}
    largest = max((layer for layer in chain if layer.id in sizes), key=lambda layer: sizes[layer.id], default=None)
    if largest is None or not data or not 0 < SWOLLEN * max(data) <= sizes[largest.id]:
        return None
    return f"at the first step data of size {size(max(data))} have become values of size {size(sizes[largest.id])} before {label(largest)}"


LARGE_UPDATE = 0.1
"""Size of one update over the size of the weights it changes. Training that goes well stands near 0.001; a small layer at the first
steps of Adam may reach a few hundredths."""

LARGE_GROWTH = 2.0
"""Size of a layer's weights over their size at the start. While a network learns, weights grow by some tens of per cent."""

LARGE_SHIFT = 1.0
"""Largest change of a bias by one update over the spread that the input gives the unit: from 1 a single step can push a
unit from on for half of the samples to off for nearly all."""


@dataclass(frozen=True, slots=True)
class Jump:
    """What moved a layer most: one update, or many in a row."""

    layer: Layer
    step: int
    ratio: float
    """How far it exceeds what counts as large; above 1 it does."""
    clause: str


def largest_jump(network: Network, layers: Iterable[Layer], last_step: int) -> Jump | None:
    """The update, made at `last_step` or before, that was largest against its layer's own measure; None where none was measured."""
    jumps = (jump for layer in layers for jump in _jumps(network, layer, last_step) if math.isfinite(jump.ratio))
    return max(jumps, key=lambda jump: jump.ratio, default=None)


def optimizer_of(network: Network, layer: Layer) -> tuple[Optimizer, float] | None:
    """The optimizer that steps the layer's weights, with its learning rate at the start."""
    weight = network.weight_of(layer)
    for optimizer in network.recording.optimizers:
        for group in optimizer.groups:
            if weight is not None and (weight.id in group.parameters or (optimizer.id == weight.optimizer and not group.parameters)):
                return optimizer, group.lr_moments[0][1] if group.lr_moments else group.lr
    return None


def stepped_by(network: Network, layer: Layer) -> str:
    """`` (SGD with lr 1, line 44)``: what steps the layer, as a parenthesis; empty where it is not known."""
    found = optimizer_of(network, layer)
    if found is None:
        return ""
    optimizer, rate = found
    place = f", line {optimizer.built.line}" if optimizer.built is not None and optimizer.built.line else ""
    return f" ({optimizer.type} with lr {rate:g}{place})"


def _jumps(network: Network, layer: Layer, last_step: int) -> Iterator[Jump]:
    yield from _weight_jumps(network, layer, last_step)
    bias = network.parameters.get(layer.bias) if layer.bias is not None else None
    spreads = {moment.step: moment.output_unit_std for moment in layer.moments}
    for moment in bias.moments if bias is not None else ():
        spread = spreads.get(moment.step)
        if moment.step <= last_step and moment.largest_update is not None and spread:
            ratio = moment.largest_update / spread
            moved = f"the update at step {moment.step} moved a bias of {label(layer)}"
            yield Jump(layer, moment.step, ratio / LARGE_SHIFT, f"{moved} by {size(ratio)} times the spread that its input gives a unit")


def _weight_jumps(network: Network, layer: Layer, last_step: int) -> Iterator[Jump]:
    weight = network.weight_of(layer)
    moments = [moment for moment in weight.moments if moment.step <= last_step] if weight is not None else []
    sizes = {moment.step: math.hypot(moment.mean, moment.std) for moment in moments}
    for moment in moments:
        if moment.update_rms is not None and sizes[moment.step] > 0:
            ratio = moment.update_rms / sizes[moment.step]
            clause = f"the update at step {moment.step} moved the weights of {label(layer)} by {size(ratio)} times their size"
            yield Jump(layer, moment.step, ratio / LARGE_UPDATE, clause)
    if sizes and sizes[min(sizes)] > 0:
        last, growth = max(sizes), sizes[max(sizes)] / sizes[min(sizes)]
        clause = f"the updates up to step {last} made the weights of {label(layer)} {size(growth)} times as large as at the start"
        yield Jump(layer, last, growth / LARGE_GROWTH, clause)
