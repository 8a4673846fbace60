"""A process that imports once what every trial imports, and forks a trial whenever it is asked to.

Run as ``python -m reluctant.studies.executors._fork_server SOCKET PRELOADED MODULE…``. When it is ready it writes the names of the modules
that it has imported to the socket; if it cannot be, it ends. Each message then is a command, with the file descriptors of its keeper's
socket and of its standard error. It ends when the socket is closed; the commands that run by then have keepers of their own.

It has a single thread and does nothing but this, so that forking it is safe.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any, NoReturn

from reluctant.instrument.patches import ARGUMENTS, ORIGINAL_ARGUMENTS, assign
from reluctant.studies.executors._keeper import keep

LONGEST_MESSAGE = 1 << 20


def serve() -> list[str]:
    """Fork until nobody asks any more; then the process ends. It returns in each fork, with the command to become."""
    server, before = socket.socket(fileno=int(sys.argv[1])), dict(os.environ)
    for name in sys.argv[3:]:
        importlib.import_module(name)
    preloaded: Any = importlib.import_module(sys.argv[2])
    if not preloaded.load():
        sys.exit(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to ask how keepers ended
    server.send(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - {"__main__"})).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, LONGEST_MESSAGE, 2)
        if not message:
            sys.exit(0)
        if not os.fork():
            server.close()
            command, environment = json.loads(message)
            return _trial(preloaded, command, {**before, **environment}, before, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _trial(preloaded: Any, command: list[str], environment: dict[str, str], before: dict[str, str], descriptors: list[int]) -> list[str]:
    """Under a keeper become what ``python`` is when it is about to run the command."""
    keeper, errors = descriptors
    os.dup2(errors, 2)
    os.close(errors)
    keep(socket.socket(fileno=keeper))
    folder = os.getcwd()

    def start_over() -> NoReturn:
        os.chdir(folder)
        os.execve(command[0], command, environment)

    os.environ.clear()
    os.environ.update(environment)
    preloaded.begin(before, start_over)
    return command


def _become(command: list[str]) -> None:
    """Run the module that the command names as ``python -m`` does."""
    executable, option, module, *arguments = command
    assign(ARGUMENTS, [option, *arguments])
    assign(ORIGINAL_ARGUMENTS, [executable, option, module, *arguments])
    run: Any = runpy._run_module_as_main  # type: ignore[attr-defined]
    run(module)


if __name__ == "__main__":
    _become(serve())
