"""Trials as processes of this machine."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from .._cores import cores
from .._job import OUTPUT, Ended, Job
from . import _leash
from ._executor import Executor

LAST_WORDS = 4000
"""Bytes of standard error that are kept."""

POLL_SECONDS = 0.05

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Local(Executor):
    """Processes of this machine.

    Each has a session of its own, so that it is stopped with all its children, standard output that leads nowhere, and its own
    folder for temporary files, removed afterwards. What is not kept apart: files that the script writes elsewhere, ports, and the
    memory of the machine. The cores are shared out among those that run at a time, unless the environment says how many threads to use.
    """

    name = "local"

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        """See `Executor.run`."""
        waiting, running = deque(jobs), list[_Running]()
        with selectors.DefaultSelector() as errors:
            try:
                while (waiting or running) and time.monotonic() < until:
                    while waiting and len(running) < self.at_a_time:
                        running.append(_Running(waiting.popleft(), self._threads(), errors))
                    for key, _ in errors.select(min(POLL_SECONDS, max(0.0, until - time.monotonic()))):
                        key.data.listen()
                    for process in [process for process in running if process.is_over()]:
                        running.remove(process)
                        yield process.ended()
            finally:
                for process in running:
                    process.stop()

    def _threads(self) -> int:
        return max(1, cores() // self.at_a_time)


class _Running:
    """A command at work."""

    def __init__(self, job: Job, threads: int, errors: selectors.BaseSelector) -> None:
        self._job = job
        self._errors = errors
        self._heard = b""
        self._timed_out = False
        self._folder = tempfile.TemporaryDirectory(prefix="reluctant-trial-", ignore_cleanup_errors=True)
        self._output = Path(self._folder.name, "recording.json")
        temporary = Path(self._folder.name, "tmp")
        temporary.mkdir()
        command = [argument.replace(OUTPUT, str(self._output)) for argument in job.command]
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(_leash.__file__)), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**dict.fromkeys(THREADS, str(threads)), **os.environ, "TMPDIR": str(temporary)},
        )
        assert self._process.stderr is not None
        self._stderr = self._process.stderr
        os.set_blocking(self._stderr.fileno(), False)
        errors.register(self._stderr, selectors.EVENT_READ, self)

    def listen(self) -> None:
        """Take what it has written to standard error, and keep the end of it."""
        written = self._stderr.read(1 << 16)
        if written:
            self._heard = (self._heard + written)[-LAST_WORDS:]
        elif written is not None and self._stderr.fileno() in self._errors.get_map():
            self._errors.unregister(self._stderr)

    def is_over(self) -> bool:
        """Whether it has ended; ends it where its time is up."""
        if self._process.poll() is not None:
            return True
        limit = self._job.time_limit
        if limit is not None and time.monotonic() - self._begun > limit:
            self._timed_out = True
            self._kill()
        return self._timed_out

    def ended(self) -> Ended:
        """How it ended. Whatever it has started and left is stopped."""
        seconds = time.monotonic() - self._begun
        self._kill()
        self.listen()
        code = self._process.returncode
        recording = self._output.read_bytes() if self._output.exists() else b""
        self._clear()
        words = self._heard.decode(errors="replace").strip()
        return Ended(self._job.trial, None if code < 0 or self._timed_out else code, seconds, self._timed_out, recording, words)

    def stop(self) -> None:
        """End it and leave nothing of it."""
        self._kill()
        self._clear()

    def _kill(self) -> None:
        """Kill it with all of its session that has not left it.

        Not asked first: a script may answer a request to end with minutes of saving, and what it has recorded is not wanted any more.
        """
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _clear(self) -> None:
        if self._stderr.fileno() in self._errors.get_map():
            self._errors.unregister(self._stderr)
        self._stderr.close()
        self._folder.cleanup()
