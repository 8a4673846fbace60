"""Why units are dead, flat or always on, and why training blew up, each with the evidence that speaks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reluctant.numbers import count, size
from reluctant.recording import Cause, CauseKind, Layer, Site

from ._initialisation import bias_out_of_place, first_moment, ratio_to_gain, weight_scale, weights_out_of_place
from ._inputs import scale_and_offset, unscaled, unscaled_before
from ._network import Network, label
from ._updates import largest_jump, stepped_by

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


def why_dead(known: Network, site: Site) -> Cause:
    """Why units of `site` pass no gradient: what they were born with, or what training did to them."""
    if site.role == "output":
        clause = f"the {site.operation} sits on the output, where the loss cannot pull it back from its flat side"
        return Cause("head-loss-mismatch", clause)
    died = [silence for silence in site.silences if silence.last_alive_step >= 0]
    later = sum(silence.units for silence in died)
    if 2 * later <= sum(silence.units for silence in site.silences):
        return _why_born(known, site)
    first, last = min(silence.first_silent_step for silence in died), max(silence.first_silent_step for silence in died)
    when = f"at step {last}" if first == last else f"between steps {first} and {last}"
    return _why_changed(known, site, last, f"{count(later)} units that had passed gradient fell silent {when}")


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
    weights = weights_out_of_place(known, layer) if layer else None
    shrunk = _shrinkage(known, site)
    if shrunk or weights:
        return Cause("initialisation", shrunk or weights or "")
    if site.operation in SHARP_BOUNDS:
        return Cause("activation-choice", "its bounds lie beyond every value that reaches it")
    return Cause("none")


def why_blown_up(known: Network, layers: Iterable[Layer], last_step: int) -> Cause:
    """Why gradients or the loss grew without limit by `last_step`: the input, the weights at the start, or the steps taken."""
    chain = list(layers)
    entry = next((found for layer in chain if (found := unscaled(known, layer))), None)
    if entry:
        return Cause("input-scale", f"{entry}: a step changes the output by as much as the square of that scale")
    for layer in chain:
        weights = weights_out_of_place(known, layer)
        if weights and (weight_scale(known, layer) or 0.0) > 1.0:
            return Cause("initialisation", weights)
    swollen = _swelling(chain)
    if swollen:
        return Cause("initialisation", swollen)
    jump = largest_jump(known, chain, last_step)
    if jump is None or jump.ratio < 1:
        return Cause("none", "input, signal and weights are of usual size at the start, and no update was large")
    return Cause("learning-rate", f"{jump.clause}{stepped_by(known, jump.layer)}; at the start, signal and weights are of usual size")


def _why_born(known: Network, site: Site) -> Cause:
    """Why units were silent from the first measured step on: the most particular reason that holds."""
    layer, spots = _layer(known, site), known.site_spots.get(site.id, ())
    weights = weights_out_of_place(known, layer) if layer else None
    certain = weights if weights and layer and (weight_scale(known, layer) == 0 or "one sign" in weights) else None
    entry = unscaled_before(known, spots)
    depth = 0 if known.is_bypassed(spots) else sum(1 for _ in known.layers_before(spots))
    narrow = f"a layer of {site.units} units has few others to keep gradient flowing" if 0 < site.units <= NARROW else None
    reasons: tuple[tuple[CauseKind, str | None], ...] = (
        ("bias-initialisation", bias_out_of_place(known, layer) if layer else None),
        ("initialisation", certain),
        ("input-scale", str(entry) if entry else None),
        ("initialisation", weights),
        ("initialisation", _shrinkage(known, site)),
        ("width", narrow),
        ("depth", f"they lie {depth} layers deep, where weights and biases are of usual size" if depth >= DEEP else None),
        ("learning-rate", _early_jump(known, site)),
        ("none", "input, weights and biases are of usual size"),
    )
    kind, clause = next((kind, clause) for kind, clause in reasons if clause)
    first = site.whole.first_step if site.whole is not None else 0
    return Cause(kind, f"they are silent from the first step{f' measured ({count(first)})' if first else ''}: {clause}")


def _early_jump(known: Network, site: Site) -> str | None:
    """A large update by which units may have died before their site was first measured, as a clause; None from the run's first step on."""
    layer, first = _layer(known, site), site.whole.first_step if site.whole is not None else 0
    jump = largest_jump(known, [layer], first + SOON) if layer is not None and first > 0 else None
    return f"{jump.clause}{stepped_by(known, jump.layer)}" if jump is not None and jump.ratio >= 1 else None


def _why_changed(known: Network, site: Site, step: int, when: str) -> Cause:
    """Why units left their working range during training, by `step`."""
    spots = known.site_spots.get(site.id, ())
    entry = unscaled_before(known, spots)
    if entry:
        return Cause("input-scale", f"{when}; {entry}")
    layer = _layer(known, site)
    jump = largest_jump(known, [layer] if layer else known.layers_before(spots), step)
    if jump is not None and jump.ratio >= 1:
        return Cause("learning-rate", f"{when}; {jump.clause}{stepped_by(known, jump.layer)}")
    return Cause("none", f"{when}; no update was large")


def _why_too_large(known: Network, site: Site) -> Cause:
    """Which factor makes pre-activations too large at the start: the input, the weights or the biases."""
    layer = _layer(known, site)
    scale = weight_scale(known, layer) if layer else None
    first = first_moment(layer) if layer else None
    incoming = first.input_rms if first is not None else None
    entry = unscaled_before(known, known.site_spots.get(site.id, ()))
    if layer and scale and incoming and scale > 1 and scale >= incoming:
        clause = f"at the first step {label(layer)} multiplies the size of its input ({size(incoming)}) by {size(scale)}"
        return Cause("initialisation", clause)
    if entry:
        return Cause("input-scale", f"flat from the first step: {entry}")
    bias = bias_out_of_place(known, layer) if layer else None
    if bias:
        return Cause("bias-initialisation", f"flat from the first step: {bias}")
    if layer and incoming and incoming > 1:
        return Cause("input-scale", f"at the first step values of size {size(incoming)} reach {label(layer)}")
    return Cause("none", "flat from the first step; input, weights and biases are of usual size")


def _shrinkage(known: Network, site: Site) -> str | None:
    """How the signal shrank on its way to `site` at the first step, as a clause; None where it did not."""
    layer = _layer(known, site)
    here = _first_spread(layer) if layer else None
    ratios = [ratio for one in known.layers_before(known.site_spots.get(site.id, ())) if (ratio := ratio_to_gain(known, one)) is not None]
    if not ratios or sum(ratios) >= BELOW_GAIN * len(ratios):
        return None
    before = next((spread for one in known.layers_before(known.site_spots.get(site.id, ())) if (spread := _first_spread(one))), None)
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


def _first_spread(layer: Layer) -> float | None:
    first = first_moment(layer)
    return first.output_unit_std if first is not None else None


def _layer(known: Network, site: Site) -> Layer | None:
    return known.layers.get(site.layer) if site.layer is not None else None
