"""Notices that child processes train: they cannot be watched from here."""

from __future__ import annotations

import mmap
import multiprocessing.process
import os
import re
import threading
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

from reluctant.instrument.patches import AFTER_FORK, CHILD_MAKE_GRADS, LEDGER, AppliedPatch
from reluctant.recording import Unobserved


class Children:
    """Has a forked child let go, and remembers whether one of them called backward."""

    _watched: ClassVar[weakref.WeakSet[Children]] = weakref.WeakSet()
    _registered: ClassVar[bool] = False

    def __init__(self, let_go: Callable[[], None]) -> None:
        self._let_go = let_go
        self._trains: mmap.mmap | None = None
        self._started_before = 0

    def start(self) -> None:
        """Notice forks from now on."""
        self._trains = mmap.mmap(-1, 1)  # shared with every child
        self._started_before = _processes_started()
        self._watched.add(self)
        if not Children._registered and hasattr(os, "register_at_fork"):  # Windows never forks
            Children._registered = True
            LEDGER.switch(AFTER_FORK, lambda: os.register_at_fork(after_in_child=Children._after_fork))

    def stop(self) -> None:
        """Notice nothing more."""
        self._watched.discard(self)

    @classmethod
    def _after_fork(cls) -> None:
        LEDGER.lock = threading.RLock()  # another thread of the parent's may have held it
        for children in list(cls._watched):
            children._let_go()
            children._tell_when_it_trains()

    def _tell_when_it_trains(self) -> None:
        """In the child: leave a mark for the parent at the first backward pass, and then be gone."""

        def make(applied: AppliedPatch) -> Callable[..., Any]:
            def _make_grads(*args: Any, **kwargs: Any) -> Any:
                if applied.on and self._trains is not None:
                    self._trains[0] = 1
                applied.undo()
                return applied.original(*args, **kwargs)

            return _make_grads

        LEDGER.replace(CHILD_MAKE_GRADS, make)

    def notes(self, passes: int) -> tuple[Unobserved, ...]:
        """What children hide. `passes` is the number of backward passes of this process."""
        started = _processes_started() - self._started_before
        if self._trains is not None and self._trains[0]:
            why = "a process is watched, not its children, and a forked one called backward"
        elif not passes and started > 0:
            other = "another one, which is" if started == 1 else f"{started} others, which are"
            why = f"this process never called backward, but it started {other} not watched"
        else:
            return ()
        return (Unobserved("training in child processes", why, advice="Train in one process to see it"),)


def _processes_started() -> int:
    """How many processes this one has started through multiprocessing: its counter can only be looked at as text."""
    number = re.search(r"\d+", repr(multiprocessing.process._process_counter))  # type: ignore[attr-defined]
    return int(number.group()) if number else 0
