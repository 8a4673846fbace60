"""The parameters that receive gradients, numbered as they are met, and what updates do to them."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from reluctant.recording import Parameter, ParameterMoment

from ._as_data import as_data
from ._norms import root_mean_square
from ._out_of_sight import is_plain, underlying
from ._timeline import Timeline

SAMPLE = 1 << 14
"""Entries of a large parameter that are looked at: every k-th."""

Role = Literal["weight", "bias", "slope", "scale", "shift", "embedding", "other"]


@dataclass(slots=True)
class ParameterRecord:
    """Collects what happens to one parameter."""

    number: int
    tensor: weakref.ref[Tensor]
    address: int = 0
    owned: bool = False
    """Whether it is an `nn.Parameter` or held by an optimizer; other leaves may be data, whose gradient is asked for."""
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
    def is_recorded(self) -> bool:
        """Whether it belongs to a layer, an optimizer or an activation, and so is worth recording."""
        return bool(self.layers) or self.optimizer is not None or self.role == "slope"

    def sample(self) -> Tensor | None:
        """A copy of the entries that are looked at."""
        tensor = self.tensor()
        return sample_of(tensor.detach()) if tensor is not None and is_plain(tensor) else None

    def plain(self) -> Parameter:
        """The parameter as data."""
        return as_data(Parameter, self, id=self.number, shared=max(1, len(self.layers)), moments=self.moments.entries())


def sample_of(values: Tensor) -> Tensor:
    """A copy of at most `SAMPLE` entries, evenly spaced."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)].clone()


RECORDED = 4096
"""At most this many parameters have a history: a search over thousands of models must not fill the memory."""


STRUCTURES = 512
"""At most this many structures of graphs are remembered with the numbers of their leaves."""


class Parameters:
    """Gives each parameter a number of its own, even where a deleted one's address is used again.

    A leaf that is neither an `nn.Parameter` nor held by an optimizer is often made anew at each step: a batch whose gradient is asked
    for, weights that a functional update replaces. Such a leaf takes over the number of the leaf that was at its place
    in the last graph of the same structure.
    """

    def __init__(self) -> None:
        self.records: list[ParameterRecord] = []
        self._by_address: dict[int, ParameterRecord] = {}
        self._places: dict[int, list[int]] = {}
        self._turn = 0

    def number(self, tensor: Tensor) -> int:
        """The number of `tensor`; a new one is given a number."""
        return (self._find(tensor) or self._begin(tensor)).number

    def numbers(self, leaves: list[Tensor], structure: int) -> list[int]:
        """The numbers of the leaves of a graph of this structure."""
        before = self._places.get(structure, [])
        taken: set[int] = set()
        found = []
        for place, leaf in enumerate(leaves):
            tensor = underlying(leaf)
            record = self._find(tensor)
            if record is None and place < len(before) and before[place] not in taken:
                record = self._replaced(self.records[before[place]], tensor)
            if record is None:
                record = self._begin(tensor)
            taken.add(record.number)
            found.append(record.number)
        if len(self._places) >= STRUCTURES and structure not in self._places:
            del self._places[next(iter(self._places))]
        self._places[structure] = found
        return found

    def note_owned(self, optimizers: Iterable[Any]) -> None:
        """Note the tensors that optimizers hold: they are parameters, whatever their type."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                for tensor in group["params"]:
                    record = self._find(tensor)
                    if record is not None:
                        record.owned = True

    def owned(self, numbers: Iterable[int]) -> list[Tensor]:
        """The parameters among the leaves of these numbers; those that are data are left out."""
        tensors = [self.records[number].tensor() for number in set(numbers) if self.records[number].owned]
        return [tensor for tensor in tensors if tensor is not None]

    def _find(self, tensor: Tensor) -> ParameterRecord | None:
        record = self._by_address.get(id(tensor))
        return record if record is not None and record.tensor() is tensor else None

    def _begin(self, tensor: Tensor) -> ParameterRecord:
        number = len(self.records)
        if number >= 2 * RECORDED:  # beyond those with a history, the numbers of dead ones are used again
            self._turn = (self._turn + 1) % RECORDED
            if self.records[RECORDED + self._turn].tensor() is None:
                number = RECORDED + self._turn
        record = ParameterRecord(number, weakref.ref(tensor), owned=isinstance(tensor, torch.nn.Parameter))
        if number < len(self.records):
            self.records[number] = record
        else:
            self.records.append(record)
        self._put(record, tensor)
        return record

    def _replaced(self, old: ParameterRecord, tensor: Tensor) -> ParameterRecord | None:
        """`old`, now standing for `tensor`, where both are leaves that are made anew at each step."""
        if old.owned or isinstance(tensor, torch.nn.Parameter) or len(old.shape) != tensor.dim():
            return None
        if self._by_address.get(old.address) is old:
            del self._by_address[old.address]
        self._put(old, tensor)
        return old

    def _put(self, record: ParameterRecord, tensor: Tensor) -> None:
        record.tensor, record.address, record.shape = weakref.ref(tensor), id(tensor), tuple(tensor.shape)
        self._by_address[record.address] = record


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
        if values is None or tensor is None or values.numel() == 0 or not values.is_floating_point():
            continue
        low, high = torch.aminmax(values)
        record.moments.append(ParameterMoment(step, float(values.mean()), float(values.std(correction=0)), float(low), float(high)))
