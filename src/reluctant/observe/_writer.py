"""Writes the recording as the run goes, so that a killed run still has its report."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reluctant.errors import UsageError
from reluctant.recording import Document, save

if TYPE_CHECKING:
    from ._observer import Observer

EVERY_SECONDS = 2.0
"""At most once in this time, and never more than 1/200 of the run's time."""


class Writer:
    """Saves to one file, now and then."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._next = 0.0

    def forget(self) -> None:
        """Write nothing more."""
        self._path = None

    def write_now_and_then(self, observer: Observer) -> None:
        """Save if enough time has gone by since the last time."""
        begin = time.perf_counter()
        if self._path is None or begin < self._next:
            return
        recording = observer.recording(finished=False)
        with suppress(UsageError):  # a full disk is no reason to stop watching; what is written at the end tells of it
            save(Document(recording), self._path, force=True)
        end = time.perf_counter()
        self._next = end + max(EVERY_SECONDS, 200 * (end - begin))
