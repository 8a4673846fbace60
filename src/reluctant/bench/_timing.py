"""Times functions against one another: in turn, in one run, by the processor time of the thread."""

from __future__ import annotations

import contextlib
import ctypes
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SHORTEST = 0.002
"""Seconds below which a reading is repeated: the clock of processor time has steps."""
FEW_FAULTS = 256
"""Page faults in a call, of a megabyte of fresh memory, above which a reading is taken again: they cost more than what is timed, and fall
on whoever happens to find no freed memory in one piece."""
ATTEMPTS = 5
"""How often a reading is taken until it is without them; then the last one counts."""
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of the settings in malloc.h."""


@dataclass(frozen=True)
class Times:
    """Readings of several functions, round by round."""

    seconds: Mapping[str, tuple[float, ...]]
    """By function: seconds a call, one for each round."""

    def median(self, name: str) -> float:
        """Seconds a call of a function."""
        return statistics.median(self.seconds[name])

    def ratio(self, slower: str, faster: str) -> float:
        """Median over the rounds of one function's time by another's: drifts of the machine's speed fall on both."""
        return statistics.median(a / b for a, b in zip(self.seconds[slower], self.seconds[faster], strict=True))


def interleaved(functions: Mapping[str, Callable[[], object]], *, rounds: int = 9, seconds: float = 60.0) -> Times:
    """Call all functions in turn, the order turned round from round to round, after two calls each that are not counted.

    Ends after the rounds, or after three of them once the seconds are over. Processor time of the calling thread, on which with one
    thread everything runs: waiting for a core that others use is not counted.
    """
    repeats = {}
    for name, function in functions.items():
        function()
        repeats[name] = max(1, round(SHORTEST / max(_once(function, 1), 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in functions}
    start = time.perf_counter()
    for turn in range(rounds):
        names = list(functions) if turn % 2 == 0 else list(functions)[::-1]
        for name in names:
            found[name].append(_once(functions[name], repeats[name]))
        if turn >= 2 and time.perf_counter() - start > seconds:
            break
    return Times({name: tuple(values) for name, values in found.items()})


def _once(function: Callable[[], object], repeats: int) -> float:
    seconds = 0.0
    for _ in range(ATTEMPTS):
        faults, start = _page_faults(), time.thread_time()
        for _ in range(repeats):
            function()
        seconds = (time.thread_time() - start) / repeats
        if _page_faults() - faults <= FEW_FAULTS * repeats:
            break
    return seconds


def _page_faults() -> int:
    """Of this thread so far, where the system counts them for each; 0 where it counts none."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_minflt


def keep_freed_memory() -> bool:
    """Let malloc keep what is freed, in this process: whether that could be set.

    By default tensors above 32 MB are mapped anew each time, and the page faults cost three to six times an activation's arithmetic.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, 2**31 - 1))
    return False
