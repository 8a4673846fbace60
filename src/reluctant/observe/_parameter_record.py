"""The parameters that receive gradients, numbered as they are met, and what the optimizers do to them."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from reluctant.recording import Location, Optimizer, OptimizerGroup, Parameter, ParameterMoment

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

    def sample(self) -> Tensor | None:
        """A copy of the entries that are looked at."""
        tensor = self.tensor()
        return None if tensor is None else _sample(tensor.detach())

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


def _sample(values: Tensor) -> Tensor:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)].clone()


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


@dataclass(slots=True)
class _GroupRecord:
    lr: float
    weight_decay: float
    momentum: float
    parameters: tuple[int, ...]
    lr_moments: list[tuple[int, float]]


class OptimizerRecord:
    """Collects what one optimizer does."""

    def __init__(self, number: int, optimizer: Any, built: Location | None) -> None:
        self.number, self.type, self.built, self.steps = number, type(optimizer).__name__, built, 0
        self._groups: list[_GroupRecord] = []

    def before_step(self, optimizer: Any, step: int, parameters: Parameters) -> list[ParameterRecord]:
        """Look at the groups; returns the parameters about to be updated, with a copy of what they are now."""
        records = []
        for g, group in enumerate(optimizer.param_groups):
            numbers = tuple(parameters.number(p) for p in group["params"])
            lr = _number(group.get("lr"))
            if g == len(self._groups):
                self._groups.append(_GroupRecord(lr, 0.0, 0.0, (), [(step, lr)]))
            seen = self._groups[g]
            seen.weight_decay, seen.momentum, seen.parameters = _number(group.get("weight_decay")), _momentum(group), numbers
            if lr != seen.lr_moments[-1][1] and len(seen.lr_moments) < 64:
                seen.lr_moments.append((step, lr))
            seen.lr = lr
            for number, tensor in zip(numbers, group["params"], strict=True):
                record = parameters.records[number]
                record.optimizer, record.group = self.number, g
                if tensor.grad is not None and tensor.numel() and tensor.is_floating_point() and not tensor.grad.is_sparse:
                    record.before, record.gradient = record.sample(), _sample(tensor.grad.detach())
                    records.append(record)
        return records

    def plain(self) -> Optimizer:
        """The optimizer as data."""
        return Optimizer(
            self.number,
            self.type,
            self.built,
            tuple(OptimizerGroup(g.lr, g.weight_decay, g.momentum, g.parameters, tuple(g.lr_moments)) for g in self._groups),
            self.steps,
        )


def after_step(records: list[ParameterRecord], step: int) -> None:
    """Note what the update did to each parameter, from its copy."""
    for record in records:
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
                gradient_rms=_rms(gradient) if gradient is not None else None,
                update_rms=_rms(change),
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


def _rms(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values, dtype=torch.float32)) / math.sqrt(max(values.numel(), 1))


def _momentum(group: dict[str, Any]) -> float:
    betas = group.get("betas")
    return _number(betas[0]) if isinstance(betas, (tuple, list)) and betas else _number(group.get("momentum"))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, Tensor)) else 0.0
