"""What each optimizer does, without keeping an optimizer alive that the script has dropped."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from reluctant.recording import Location, Optimizer, OptimizerGroup

from ._parameter_record import RECORDED, ParameterRecord, Parameters, sample_of

KEPT = 256
"""At most this many optimizers are recorded, the first ones; later ones are counted in the steps only."""


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
                if (
                    number < RECORDED
                    and tensor.grad is not None
                    and tensor.numel()
                    and tensor.is_floating_point()
                    and not tensor.grad.is_sparse
                ):
                    record.before, record.gradient = record.sample(), sample_of(tensor.grad.detach())
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


class Optimizers:
    """The optimizers met so far."""

    def __init__(self) -> None:
        self.records: list[OptimizerRecord] = []
        self._by_address: dict[int, tuple[weakref.ref[Any], OptimizerRecord]] = {}

    def find(self, optimizer: Any) -> OptimizerRecord | None:
        """The record of `optimizer`, where it is known."""
        known = self._by_address.get(id(optimizer))
        return known[1] if known is not None and known[0]() is optimizer else None

    def add(self, optimizer: Any, built: Location | None) -> OptimizerRecord:
        """Begin a record."""
        record = OptimizerRecord(len(self.records), optimizer, built)
        self._by_address[id(optimizer)] = (weakref.ref(optimizer), record)
        if len(self.records) < KEPT:
            self.records.append(record)
        return record


def _momentum(group: dict[str, Any]) -> float:
    betas = group.get("betas")
    return _number(betas[0]) if isinstance(betas, (tuple, list)) and betas else _number(group.get("momentum"))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, Tensor)) else 0.0
