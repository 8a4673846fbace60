"""Times of several calls on one machine, taken so that they can be compared."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ._spread import Spread, spread

LEAST_SECONDS = 5e-4
"""A call is repeated until one timing takes at least this long, so that the clock's grain does not show."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call takes."""

    name: str
    seconds: Spread
    relative: Spread
    """To the reference, each round's time divided by the reference's of the same round."""


def interleaved(calls: Mapping[str, Callable[[], object]], reference: str, rounds: int, seed: int) -> tuple[Timing, ...]:
    """Time all calls once in each round, in a new order each time.

    What slows the machine for a while then slows all of them, and a ratio within a round is left alone. The first round is thrown away.
    """
    repeats = {name: _repeats(call) for name, call in calls.items()}
    order, taken = random.Random(seed), {name: list[float]() for name in calls}
    for _ in range(rounds + 1):
        names = list(calls)
        order.shuffle(names)
        for name in names:
            taken[name].append(_seconds(calls[name], repeats[name]))
    kept = {name: seconds[1:] for name, seconds in taken.items()}
    return tuple(
        Timing(name, spread(seconds), spread([own / other for own, other in zip(seconds, kept[reference], strict=True)]))
        for name, seconds in kept.items()
    )


def _seconds(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _repeats(call: Callable[[], object]) -> int:
    call()
    return max(1, int(LEAST_SECONDS / max(_seconds(call, 1), 1e-9)))
