"""Keeps an error of ours out of the user's run."""

from __future__ import annotations

import functools
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from reluctant.recording import Unobserved


class Guard:
    """Wraps everything that torch calls back: an error ends the watching, is told once, and goes no further."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        """`let_go` ends the watching and does not raise."""
        self._let_go = let_go
        self._once = threading.Lock()
        self.error: str | None = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            if self.error is not None:
                return
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the user's run; it is told once
                self.fail(error)

        return guarded

    def fail(self, error: Exception) -> None:
        """Say once what went wrong, and stop watching."""
        if not self._once.acquire(blocking=False):
            return
        frame = traceback.extract_tb(error.__traceback__)[-1:]
        where = f" ({frame[0].filename.rsplit('/', 1)[-1]}:{frame[0].lineno})" if frame else ""
        self.error = f"{type(error).__name__}: {error}{where}"
        _say(f"an error of its own ended the watching; the run goes on untouched. {self.error}")
        self._let_go()

    def notes(self) -> tuple[Unobserved, ...]:
        """What is not observed because of an error of ours."""
        if self.error is None:
            return ()
        return (Unobserved("everything after an error inside Reluctant", self.error, advice="Please report it."),)


def _say(text: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # closed, or nobody reads it: the run must not end for that
            print(f"reluctant: {text}", file=sys.stderr)
