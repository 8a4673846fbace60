"""Which backward passes are measured, so that measuring costs no more than its budget."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable
from dataclasses import dataclass

FIRST = 16
"""Passes from one line of the user's code that are measured in a row at the start, if the budget allows it."""
FORCED = 3
"""Passes from one line that are measured whatever they cost."""
GROWTH = 0.06
"""After that the next measured pass comes this share of the run later."""
DENSER_GROWTH = 0.025
"""The same while some units look silent on too few samples."""
WIDEST = 1.25
"""When the run has grown by this factor since the last measured pass, one is measured whatever it costs: a run is judged by
its end, and these are ten in all for a run ten times as long."""
START_SHARE = 0.05
"""What the free seconds allow for each time the run has grown by a factor of e: a log, so that a short run is seen to its end."""
START_SECONDS = 0.02
"""Where that logarithm begins."""
STEADY_SHARE = 0.5
"""Share of the budget that scheduled measuring may spend; the rest pays for what is not timed, such as a colder cache."""


@dataclass(slots=True)
class _Line:
    passes: int = 0
    next: int = 0
    latest: int = 0
    before: tuple[int, int] = (0, 0)


class Schedule:
    """Keeps account of the time spent and says which pass is worth a measurement."""

    def __init__(self, budget_share: float, free_seconds: float) -> None:
        self.budget_share, self.free_seconds = budget_share, free_seconds
        self.started = time.perf_counter()
        self._first_pass: float | None = None
        self.spent = 0.0
        self._lines: dict[Hashable, _Line] = {}
        self.dense = False

    def counts(self, line: Hashable) -> bool:
        """Count a pass that `line` began; True when it is to be measured."""
        seen = self._lines.get(line)
        if self._first_pass is None:
            self._first_pass = time.perf_counter()
        if seen is None:
            seen = self._lines[line] = _Line()
        index = seen.passes
        seen.passes += 1
        if index < seen.next or not (_must(seen, index) or self.affordable()):
            return False
        seen.before = seen.next, seen.latest
        seen.latest = index
        growth = DENSER_GROWTH if self.dense else GROWTH
        seen.next = index + 1 if index < FIRST else index + max(1, int(growth * index))
        return True

    def postpone(self, line: Hashable) -> None:
        """The pass that was to be measured could not be: the next is as good."""
        seen = self._lines[line]
        seen.next, seen.latest = seen.before

    def due(self) -> bool:
        """Whether the next pass from some line is to be measured, as far as can be told before it."""
        if not self._lines:
            return True
        affordable = self.affordable()
        return any(line.passes >= line.next and (affordable or _must(line, line.passes)) for line in self._lines.values())

    def affordable(self) -> bool:
        """Whether the budget leaves room for another measurement now."""
        # Not since the start: imports and data may take long, and would buy the first passes all that later ones need.
        training = time.perf_counter() - self._first_pass if self._first_pass is not None else 0.0
        return self.spent <= self.allowance(training)

    def allowance(self, seconds: float) -> float:
        """Seconds that measuring may have taken after `seconds` of training.

        The first part thins out as the run goes on, whatever its length turns out to be; at one minute both together
        are just below a budget of 3 %.
        """
        start = START_SHARE * self.free_seconds * math.log1p(seconds / START_SECONDS)
        return start + STEADY_SHARE * self.budget_share * seconds

    def overhead_share(self) -> float:
        """Share of the time since the start that was spent on measuring."""
        return self.spent / max(time.perf_counter() - self.started, 1e-9)


def _must(line: _Line, index: int) -> bool:
    """Whether a line's pass number `index` is measured whatever it costs."""
    return index < FORCED or index >= WIDEST * line.latest + 1
