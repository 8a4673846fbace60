"""Becomes a command that dies with the process that started it. Run as a file: ``python -I -S _leash.py PARENT COMMAND…``.

An executor that is killed outright cannot stop its children. Linux can do it for the executor, if the child asks for it before it becomes
the command. Elsewhere the command simply runs.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask to be killed with the parent, see that it is still there, and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it was asked
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
