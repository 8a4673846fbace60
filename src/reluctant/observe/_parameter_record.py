"""The parameters that receive gradients, numbered as they are met, and what updates do to them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from reluctant.recording import Parameter, ParameterMoment

from ._norms import root_mean_square
from ._timeline import Timeline

SAMPLE = 1 << 14
"""Entries of a large parameter that are looked at: every k-th."""

Role = Literal["weight", "bias", "slope", "scale", "shift", "embedding", "other"]


@dataclass(slots=True)
class ParameterRecord:
    """Collects what happens to one parameter."""

    number: int
    tensor: weakref.ref[Tensor]
    name: str = ""
    shape: tuple[int, ...] = ()
    role: Role = "other"
    optimizer: int | None = None
    group: int | None = None
    layers: set[int] = field(default_factory=set)
    moments: Timeline[ParameterMoment] = field(default_factory=Timeline)
    before: Tensor | None = None
    gradient: Tensor | None = None

    @property
    def is_told(self) -> bool:
        """Whether it belongs to a layer, an optimizer or an activation, and so is worth recording."""
        return bool(self.layers) or self.optimizer is not None or self.role == "slope"

    def sample(self) -> Tensor | None:
        """A copy of the entries that are looked at."""
        tensor = self.tensor()
        return None if tensor is None else sample_of(tensor.detach())

    def plain(self) -> Parameter:
        """The parameter as data."""
        return Parameter(
            id=self.number,
            name=self.name,
            shape=self.shape,
            role=self.role,
            optimizer=self.optimizer,
            group=self.group,
            shared=max(1, len(self.layers)),
            moments=self.moments.entries(),
        )


def sample_of(values: Tensor) -> Tensor:
    """A copy of at most `SAMPLE` entries, evenly spaced."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)].clone()


RECORDED = 4096
"""At most this many parameters have a history: a search over thousands of models must not fill the memory."""


class Parameters:
    """Gives each parameter a number of its own, even where a deleted one's address is used again."""

    def __init__(self) -> None:
        self.records: list[ParameterRecord] = []
        self._by_address: dict[int, ParameterRecord] = {}

    def number(self, tensor: Tensor) -> int:
        """The number of `tensor`; a new one is given a number."""
        known = self._by_address.get(id(tensor))
        if known is not None and known.tensor() is tensor:
            return known.number
        record = ParameterRecord(len(self.records), weakref.ref(tensor), shape=tuple(tensor.shape))
        self.records.append(record)
        self._by_address[id(tensor)] = record
        return record.number


def after_step(records: list[ParameterRecord], step: int) -> None:
    """Note what the update did to each parameter, from its copy."""
    for record in records:
        if record.number >= RECORDED:
            continue
        before, gradient, now = record.before, record.gradient, record.sample()
        record.before = record.gradient = None
        if before is None or now is None or before.shape != now.shape:
            continue
        change = (now - before).abs()
        low, high = torch.aminmax(before)
        record.moments.append(
            ParameterMoment(
                step,
                float(before.mean()),
                float(before.std(correction=0)),
                float(low),
                float(high),
                gradient_rms=root_mean_square(gradient) if gradient is not None else None,
                update_rms=root_mean_square(change),
                largest_update=float(change.max()),
                gradient_mean=float(gradient.mean()) if gradient is not None else None,
            )
        )


def note_values(records: list[ParameterRecord], step: int) -> None:
    """Note the values of parameters that no optimizer updates."""
    for record in records:
        values, tensor = record.sample(), record.tensor()
        if values is None or tensor is None or values.numel() == 0:
            continue
        low, high = torch.aminmax(values)
        record.moments.append(ParameterMoment(step, float(values.mean()), float(values.std(correction=0)), float(low), float(high)))
