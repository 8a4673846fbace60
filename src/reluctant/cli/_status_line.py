"""The line that ``--live`` keeps at the bottom of the terminal while a script prints above it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping

SECONDS_BETWEEN = 0.25
SMALLEST_HEIGHT = 5
"""Rows below which a terminal has none to spare."""


class StatusLine:
    """Draws what the observer counts on the last row of the terminal, from a thread that reads numbers only.

    The terminal is told to scroll all rows but the last, so that what the script prints, progress bars too, never
    meets the line. The cursor is put back after each drawing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.terminal_size((0, 0))
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._guard = _guard_terminal(descriptor)

    @classmethod
    def over_terminal(cls) -> StatusLine | None:
        """A status line on standard error; None where that is no terminal that can hold one. Draws nothing yet."""
        stream = sys.__stderr__
        if stream is None or stream.closed or not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            return None
        if os.get_terminal_size(stream.fileno()).lines < SMALLEST_HEIGHT:
            return None
        return cls(stream.fileno())

    def follow(self, status: Callable[[], Mapping[str, float | int | None]]) -> None:
        """Draw what `status` returns, four times a second, until `stop`."""
        self._thread = threading.Thread(target=self._keep_drawing, args=(status,), name="reluctant status line", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the line away and give the terminal all its rows back."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        os.write(self._guard, b"restored")
        os.close(self._guard)

    def _keep_drawing(self, status: Callable[[], Mapping[str, float | int | None]]) -> None:
        try:
            while not self._end.wait(SECONDS_BETWEEN):
                self._draw(_text(status()))
            self._write(RELEASE)
        except OSError:  # the terminal is gone; there is nothing left to draw on
            self._end.set()

    def _draw(self, text: str) -> None:
        size = os.get_terminal_size(self._descriptor)
        if size != self._size:
            self._size = size
            self._write(_reserve(size.lines))
        self._write(f"\x1b7\x1b[{size.lines};1H\x1b[2K{text[: size.columns - 1]}\x1b8")

    def _write(self, text: str) -> None:
        os.write(self._descriptor, text.encode())


def _reserve(rows: int) -> str:
    """Scroll up by one where the cursor is on the last row, then keep that row out of scrolling."""
    return f"\n\x1b7\x1b[1;{rows - 1}r\x1b8\x1b[1A"


RELEASE = "\x1b7\x1b[r\x1b[9999;1H\x1b[2K\x1b8"
"""All rows scroll again, the last one is cleared, the cursor stays."""


def _text(status: Mapping[str, float | int | None]) -> str:
    parts = [f"step {status['step']:,}", f"{status['measured_steps']:,} measured", f"{status['sites']:,} sites"]
    if status["loss"] is not None:
        parts.insert(1, f"loss {status['loss']:.4g}")
    return " · ".join(["reluctant", *parts])


def _guard_terminal(descriptor: int) -> int:
    """Leave a process behind that gives the terminal its rows back when this one is killed.

    A killed process cannot do that itself, and a terminal that scrolls only in part is hard to use. The process waits
    at a pipe whose other end, returned, dies with this process. It is a grandchild, so that a script that waits for its
    children does not meet it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _wait_and_restore(reading, writing, descriptor)
        os._exit(0)
    os.close(reading)
    os.waitpid(child, 0)
    return writing


def _wait_and_restore(reading: int, writing: int, descriptor: int) -> None:
    try:
        os.setsid()  # signals typed at the terminal are not for it
        os.close(writing)
        if not os.read(reading, 1):
            os.write(descriptor, RELEASE.encode())
    finally:
        os._exit(0)
