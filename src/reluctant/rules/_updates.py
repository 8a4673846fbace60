"""Whether the optimizer's steps were large against what they change: the evidence for a learning rate that is too high."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reluctant.numbers import size
from reluctant.recording import Layer, Optimizer

from ._network import Network, label

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


def largest_jump(known: Network, layers: Iterable[Layer], last_step: int) -> Jump | None:
    """The update, made at `last_step` or before, that was largest against its layer's own measure; None where none was measured."""
    jumps = (jump for layer in layers for jump in _jumps(known, layer, last_step) if math.isfinite(jump.ratio))
    return max(jumps, key=lambda jump: jump.ratio, default=None)


def optimizer_of(known: Network, layer: Layer) -> tuple[Optimizer, float] | None:
    """The optimizer that steps the layer's weights, with its learning rate at the start."""
    weight = known.parameters.get(layer.weight) if layer.weight is not None else None
    for optimizer in known.recording.optimizers:
        for group in optimizer.groups:
            if weight is not None and (weight.id in group.parameters or (optimizer.id == weight.optimizer and not group.parameters)):
                return optimizer, group.lr_moments[0][1] if group.lr_moments else group.lr
    return None


def stepped_by(known: Network, layer: Layer) -> str:
    """`` (SGD with lr 1, line 44)``: what steps the layer, as a parenthesis; empty where it is not known."""
    found = optimizer_of(known, layer)
    if found is None:
        return ""
    optimizer, rate = found
    place = f", line {optimizer.built.line}" if optimizer.built is not None and optimizer.built.line else ""
    return f" ({optimizer.type} with lr {rate:g}{place})"


def _jumps(known: Network, layer: Layer, last_step: int) -> Iterator[Jump]:
    yield from _weight_jumps(known, layer, last_step)
    bias = known.parameters.get(layer.bias) if layer.bias is not None else None
    spreads = {moment.step: moment.output_unit_std for moment in layer.moments}
    for moment in bias.moments if bias is not None else ():
        spread = spreads.get(moment.step)
        if moment.step <= last_step and moment.largest_update is not None and spread:
            ratio = moment.largest_update / spread
            moved = f"the update at step {moment.step} moved a bias of {label(layer)}"
            yield Jump(layer, moment.step, ratio / LARGE_SHIFT, f"{moved} by {size(ratio)} times the spread that its input gives a unit")


def _weight_jumps(known: Network, layer: Layer, last_step: int) -> Iterator[Jump]:
    weight = known.parameters.get(layer.weight) if layer.weight is not None else None
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
