"""The parent of one command, which leaves nothing of it. Run as a file: ``python -I -S _keeper.py SOCKET COMMAND…``.

An executor that is killed outright cannot stop what it has started. So each command has a parent that lives for this alone. It shares a
socket with the executor: it writes there that it has begun, and the exit code of the command, and when the other end is closed, for
whatever reason, it kills the command. In both cases all that the command has started is killed as well, on Linux also what has left
its session.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

BEGUN = b":"
"""Written as soon as the command is there; the exit code follows at its end, if nothing but itself or a signal ended it."""

POLL_SECONDS = 0.02
"""Where the system cannot tell that a process has ended."""

NO_INTERRUPT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What would end the keeper before its command. It is told to end by its socket."""


def keep(executor: socket.socket) -> None:
    """Fork. It returns in the child, which is to become the command; the parent keeps it, and ends with it.

    The child leads a session of its own. On Linux it is killed when its keeper is.
    """
    _linux(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    keeper = os.getpid()
    command = os.fork()
    if command:
        _watch(executor, command)
    executor.close()
    os.setsid()
    _linux(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # it was killed before it was asked
        os._exit(1)


def _watch(executor: socket.socket, command: int) -> NoReturn:
    """See the command to its end, tell its exit code, and end."""
    for ending in NO_INTERRUPT:
        signal.signal(ending, signal.SIG_IGN)
    _let_go_of_streams()
    with suppress(OSError):  # the executor may be gone
        executor.sendall(BEGUN)
    exit_code = _end_of(command, executor)
    _kill_what_is_left(command)
    with suppress(OSError):
        executor.sendall(b"" if exit_code is None else str(exit_code).encode())
    os._exit(0)


def _let_go_of_streams() -> None:
    """Leave the command's standard streams to the command."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def _end_of(command: int, executor: socket.socket) -> int | None:
    """Wait until the command ends; its exit code, negative for a signal. None where it was not wanted any more, and was killed."""
    watched = [executor.fileno()]
    with suppress(AttributeError, OSError):  # Linux from 5.3 on
        watched.append(os.pidfd_open(command))
    timeout = POLL_SECONDS if len(watched) == 1 else None
    while True:
        ready, _, _ = select.select(watched, [], [], timeout)
        ended, status = os.waitpid(command, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if executor.fileno() in ready:
            os.kill(command, signal.SIGKILL)
            os.waitpid(command, 0)
            return None


def _kill_what_is_left(command: int) -> None:
    """Kill the command's session, and on Linux all that descends from the command: what has lost its parent is ours by now."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(command, signal.SIGKILL)
    while children := _children():
        for child in children:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> list[int]:
    try:
        with open("/proc/thread-self/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:  # no Linux, or one that does not tell
        return []


def _linux(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)


def _stay_between(executor: socket.socket) -> None:
    """Fork, and return in the child; the parent waits for it. What started us may kill its children when it ends, as Ray's workers do."""
    keeper = os.fork()
    if keeper:
        executor.close()
        _let_go_of_streams()
        os.waitpid(keeper, 0)
        os._exit(0)


def main() -> None:
    """Keep the command that the arguments name."""
    executor, command = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    _stay_between(executor)
    keep(executor)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # python ignores them, and a command would inherit that
        signal.signal(ignored, signal.SIG_DFL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
