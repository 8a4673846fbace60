"""What each optimizer does, without keeping an optimizer alive that the script has dropped."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor

from reluctant.instrument.steps import StepCounter
from reluctant.recording import Location, Optimizer, OptimizerGroup

from ._out_of_sight import is_plain
from ._parameter_record import RECORDED, ParameterRecord, Parameters, sample_of

KEPT = 256
"""At most this many optimizers are recorded, the first ones; later ones are counted in the steps only."""


class OptimizerRecord:
    """Collects what one optimizer does."""

    def __init__(self, number: int, kind: str, built: Location | None) -> None:
        self.number, self.type, self.built, self.steps = number, kind, built, 0
        self.measured_at = -1
        """After how many measured passes an update was last looked at."""
        self.updating: list[ParameterRecord] = []
        """The parameters about to be updated, each with a copy of what it is now."""
        self._groups: list[OptimizerGroup] = []

    def before_step(self, optimizer: Any, step: int, parameters: Parameters) -> None:
        """Look at the groups and note what `updating` is before the step."""
        self.updating = []
        scale = _number(getattr(optimizer, "grad_scale", None)) or 1.0  # a fused optimizer undoes the loss scaling by itself
        for g, group in enumerate(optimizer.param_groups):
            numbers = tuple(parameters.number(p) for p in group["params"])
            lr = _number(group.get("lr"))
            rates = self._groups[g].lr_moments if g < len(self._groups) else ((step, lr),)
            if lr != rates[-1][1] and len(rates) < 64:
                rates = (*rates, (step, lr))
            self._groups[g : g + 1] = [OptimizerGroup(lr, _number(group.get("weight_decay")), _momentum(group), numbers, rates)]
            for number, tensor in zip(numbers, group["params"], strict=True):
                record = parameters.records[number]
                record.optimizer, record.group, record.owned = self.number, g, True
                plain = is_plain(tensor) and tensor.is_floating_point() and tensor.grad is not None and is_plain(tensor.grad)
                if number < RECORDED and plain and tensor.numel():
                    record.before, record.gradient = record.sample(), sample_of(tensor.grad.detach()) / scale
                    self.updating.append(record)

    def plain(self) -> Optimizer:
        """The optimizer as data."""
        return Optimizer(self.number, self.type, self.built, tuple(self._groups), self.steps)


class Optimizers:
    """The optimizers met so far."""

    def __init__(self) -> None:
        self.records: list[OptimizerRecord] = []
        self._counter = StepCounter()
        self._met = 0
        self._by_address: dict[int, tuple[weakref.ref[Any], OptimizerRecord]] = {}

    @property
    def steps(self) -> int:
        """Iterations made, see `StepCounter`."""
        return self._counter.steps

    def find(self, optimizer: Any) -> OptimizerRecord | None:
        """The record of `optimizer`, where it is known."""
        entry = self._by_address.get(id(optimizer))
        return entry[1] if entry is not None and entry[0]() is optimizer else None

    def add(self, optimizer: Any, built: Location | None) -> OptimizerRecord:
        """Begin a record."""
        record = OptimizerRecord(self._met, type(optimizer).__name__, built)
        self._met += 1
        if len(self._by_address) >= KEPT:
            self._by_address = {address: entry for address, entry in self._by_address.items() if entry[0]() is not None}
        self._by_address[id(optimizer)] = (weakref.ref(optimizer), record)
        if len(self.records) < KEPT:
            self.records.append(record)
        return record

    def count_step(self, record: OptimizerRecord, optimizer: Any) -> None:
        """Count a step that `optimizer`, whose record this is, has made."""
        record.steps += 1
        self._counter.count(optimizer)


def _momentum(group: dict[str, Any]) -> float:
    betas = group.get("betas")
    return _number(betas[0]) if isinstance(betas, (tuple, list)) and betas else _number(group.get("momentum"))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, Tensor)) else 0.0
