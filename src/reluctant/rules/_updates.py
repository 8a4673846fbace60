"""Whether the optimizer's steps were large against what they change: the evidence for a learning rate that is too high."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reluctant.recording import Layer, Optimizer

from ._network import Network
from ._numbers import size

LARGE_UPDATE = 0.1
"""Size of one update over the size of the weights it changes. Training that goes well stands near 0.001."""

LARGE_SHIFT = 1.0
"""Largest change of a bias by one update over the spread that the input gives the unit: from 1 a single step can push a
unit from on for half of the samples to off for nearly all."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The update that moved a layer most."""

    layer: Layer
    step: int
    ratio: float
    """How far it exceeds what counts as large; above 1 it does."""
    clause: str


def largest_jump(known: Network, layers: Iterable[Layer], last_step: int) -> Jump | None:
    """The update, made at `last_step` or before, that was largest against its layer's own measure; None where none was measured."""
    return max((jump for layer in layers for jump in _jumps(known, layer, last_step)), key=lambda jump: jump.ratio, default=None)


def optimizer_of(known: Network, layer: Layer) -> tuple[Optimizer, float] | None:
    """The optimizer that steps the layer's weights, with its learning rate at the start."""
    weight = known.parameters.get(layer.weight) if layer.weight is not None else None
    for optimizer in known.recording.optimizers:
        for group in optimizer.groups:
            if weight is not None and (weight.id in group.parameters or (optimizer.id == weight.optimizer and not group.parameters)):
                return optimizer, group.lr_moments[0][1] if group.lr_moments else group.lr
    return None


def stepped_by(known: Network, layer: Layer) -> str:
    """`` (SGD, lr 1, train.py:44)``: what steps the layer, to be put behind a sentence's subject; empty where it is not known."""
    found = optimizer_of(known, layer)
    if found is None:
        return ""
    optimizer, rate = found
    place = f", line {optimizer.built.line}" if optimizer.built is not None and optimizer.built.line else ""
    return f" ({optimizer.type} with lr {rate:g}{place})"


def _jumps(known: Network, layer: Layer, last_step: int) -> Iterable[Jump]:
    name = layer.name or "the layer"
    weight = known.parameters.get(layer.weight) if layer.weight is not None else None
    for moment in weight.moments if weight is not None else ():
        measure = (moment.mean**2 + moment.std**2) ** 0.5
        if moment.step <= last_step and moment.update_rms is not None and measure > 0:
            ratio = moment.update_rms / measure
            yield Jump(layer, moment.step, ratio / LARGE_UPDATE, f"the update at step {moment.step} moved {name}'s weights by {size(ratio)} times their size")
    bias = known.parameters.get(layer.bias) if layer.bias is not None else None
    spreads = {moment.step: moment.output_unit_std for moment in layer.moments}
    for moment in bias.moments if bias is not None else ():
        spread = spreads.get(moment.step)
        if moment.step <= last_step and moment.largest_update is not None and spread:
            ratio = moment.largest_update / spread
            yield Jump(
                layer, moment.step, ratio / LARGE_SHIFT,
                f"the update at step {moment.step} moved a bias of {name} by {size(ratio)} times the spread that the input gives its units",
            )
