"""Starts trials as forks of a process that has imported torch."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from .._job import Job
from ._running import LONGEST_KILL

COMMAND = (sys.executable, "-m", "reluctant", "run")
"""How the commands begin that can be forked."""

SERVER = "reluctant.studies.executors._fork_server"
PRELOADED = "reluctant.trials.preloaded"
MODULES = ("reluctant.cli.run",)

FEWEST_TRIALS = 3
"""From as many on a server is worth its own start, which takes as long as that of a trial."""


def is_worth_it(jobs: Sequence[Job]) -> bool:
    """Whether a server could be used, and saves more than its own start costs."""
    return sys.platform == "linux" and sum(job.command[: len(COMMAND)] == COMMAND for job in jobs) >= FEWEST_TRIALS


class ForkServer:
    """The process that is forked, and our end of it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._folder = os.getcwd()
        self._variables = dict(os.environ)
        self._modules: frozenset[str] | None = None
        """What it has imported; nothing where it cannot be used, and None until it has told."""
        temporary = tempfile.TemporaryDirectory(prefix="reluctant-trials-", ignore_cleanup_errors=True)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", SERVER, str(theirs.fileno()), PRELOADED, *MODULES],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment, "TMPDIR": temporary.name},
            )
        self.close = weakref.finalize(self, _close, os.getpid(), self._socket, process, temporary)

    def is_decided(self) -> bool:
        """Whether it is known by now if the server can be used; asks without waiting."""
        if self._modules is None and select.select([self._socket], [], [], 0)[0]:
            message = _received(self._socket)
            self._modules = frozenset(json.loads(message)) if message else frozenset()
        return self._modules is not None

    def serves(self, job: Job, environment: Mapping[str, str]) -> bool:
        """Whether a fork of the server can run this job now in that environment.

        A script may set what torch reads while it is imported: a fork notices, and becomes a new process. But nothing notices a module
        beside the script that is called like one that the server has imported.
        """
        if not self._modules or (self._environment, self._folder, self._variables) != (environment, os.getcwd(), dict(os.environ)):
            return False
        if job.command[: len(COMMAND)] != COMMAND:
            return False
        if not job.script:
            return True
        try:
            beside = {entry.name.partition(".")[0] for entry in os.scandir(os.path.dirname(job.script) or ".")}
        except OSError:  # there is no such folder: whoever runs it will say so
            return False
        return not beside & self._modules

    def start(self, command: Sequence[str], environment: Mapping[str, str], keeper: socket.socket, errors: int) -> Callable[[], object]:
        """See `Start`. Raises `OSError` where the server has ended."""
        message = json.dumps([list(command), dict(environment)]).encode()
        socket.send_fds(self._socket, [message], [keeper.fileno(), errors])
        return lambda: None


def _received(connection: socket.socket) -> bytes:
    with suppress(OSError):
        return connection.recv(1 << 20)
    return b""


def _close(owner: int, connection: socket.socket, process: subprocess.Popen[bytes], temporary: tempfile.TemporaryDirectory[str]) -> None:
    """End the server. What it has forked is not its own."""
    if os.getpid() != owner:  # a fork of the program that has started it
        return
    connection.close()
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(LONGEST_KILL)
    temporary.cleanup()
