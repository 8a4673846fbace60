"""Counts the steps of a run, whatever optimizers make them."""

from __future__ import annotations

import weakref
from typing import Any


class StepCounter:
    """Counts iterations: an optimizer that steps for a second time begins a new one, so that several taking turns share theirs."""

    def __init__(self) -> None:
        self.steps = 0
        self._stepped: dict[int, weakref.ref[Any]] = {}
        """The optimizers that have stepped in this iteration, by identity: they may compare by value."""

    def count(self, optimizer: Any) -> int:
        """Count a step that `optimizer` has made; the number of the iteration."""
        before = self._stepped.get(id(optimizer))
        if not self._stepped or (before is not None and before() is optimizer):
            self.steps += 1
            self._stepped.clear()
        self._stepped[id(optimizer)] = weakref.ref(optimizer)
        return self.steps
