"""A command at work on this machine."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .._job import OUTPUT, Ended, Job
from . import _keeper

LAST_WORDS = 4000
"""Bytes of standard error that are kept."""

CHUNK = 1 << 16

LONGEST_KILL = 30.0
"""Seconds after which a process that was killed is not waited for any longer."""

Start = Callable[[Sequence[str], Mapping[str, str], socket.socket, int], Callable[[], object]]
"""Starts a command under a keeper: the command, its environment beyond our own, the keeper's end of the socket, and the file descriptor of
standard error. Gives what is to be called when the keeper has ended."""


def as_process(command: Sequence[str], environment: Mapping[str, str], keeper: socket.socket, errors: int) -> Callable[[], object]:
    """A new process, with its keeper a process between."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(_keeper.__file__)), str(keeper.fileno()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        pass_fds=[keeper.fileno()],
        env={**os.environ, **environment},
    )
    return process.wait


class Running:
    """A command at work, with a folder of its own, standard output that leads nowhere, and the end of standard error kept."""

    def __init__(self, job: Job, environment: Mapping[str, str], selector: selectors.BaseSelector, start: Start = as_process) -> None:
        self.job = job
        self._selector = selector
        self._last_words = b""
        self._answer = b""
        self._over = False
        self._timed_out = False
        self._folder = tempfile.TemporaryDirectory(prefix="reluctant-trial-", ignore_cleanup_errors=True)
        self._output = Path(self._folder.name, "recording.json")
        temporary = Path(self._folder.name, "tmp")
        temporary.mkdir()
        command = [argument.replace(OUTPUT, str(self._output)) for argument in job.command]
        self._begun = time.monotonic()
        self._keeper, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._errors = open(reading, "rb", buffering=0)  # noqa: SIM115 (closed when the command has ended)
        with theirs, open(writing, "wb", buffering=0):
            self._reap = start(command, {**environment, "TMPDIR": str(temporary)}, theirs, writing)
        os.set_blocking(reading, False)
        self._keeper.settimeout(LONGEST_KILL)
        selector.register(self._errors, selectors.EVENT_READ, self._listen)
        selector.register(self._keeper, selectors.EVENT_READ, self._hear)

    @property
    def has_begun(self) -> bool:
        """Whether its keeper has said so."""
        return bool(self._answer)

    def is_over(self) -> bool:
        """Whether it has ended; ends it where its time is up. What the selector has met must have been called before."""
        limit = self.job.time_limit
        if not self._over and limit is not None and time.monotonic() - self._begun > limit:
            self._timed_out = True
            self._kill()
        return self._over

    def ended(self) -> Ended:
        """How it ended. Nothing of it is left."""
        seconds = time.monotonic() - self._begun
        while self._listen():
            pass
        code = self._answer.removeprefix(_keeper.BEGUN)
        recording = self._output.read_bytes() if self._output.exists() else b""
        self._clear()
        words = self._last_words.decode(errors="replace").strip()
        exit_code = None if not code or code.startswith(b"-") or self._timed_out else int(code)
        return Ended(self.job.trial, exit_code, seconds, self._timed_out, recording, words)

    def stop(self) -> None:
        """End it and leave nothing of it."""
        self._kill()
        self._clear()

    def _listen(self) -> bool:
        """Take what it has written to standard error, and keep the end of it; False where there is no more for now."""
        written = self._errors.read(CHUNK)
        if written:
            self._last_words = (self._last_words + written)[-LAST_WORDS:]
        elif written is not None:
            self._forget(self._errors)
        return bool(written)

    def _hear(self) -> None:
        """Take what the keeper has told; when it has ended, or was killed, it is over."""
        answer = b""
        with suppress(OSError):
            answer = self._keeper.recv(CHUNK)
        self._answer += answer
        if not answer:
            self._over = True
            self._forget(self._keeper)

    def _kill(self) -> None:
        """Kill it with all that it has started.

        Not asked first: a script may answer a request to end with minutes of saving, and what it has recorded is not wanted any more.
        """
        with suppress(OSError):
            self._keeper.shutdown(socket.SHUT_WR)
        while not self._over:
            self._hear()

    def _clear(self) -> None:
        for stream in (self._errors, self._keeper):
            self._forget(stream)
            stream.close()
        self._reap()
        self._folder.cleanup()

    def _forget(self, stream: socket.socket | object) -> None:
        with suppress(KeyError):
            self._selector.unregister(stream)  # type: ignore[arg-type]
