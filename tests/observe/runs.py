"""Runs a script under plain python and under ``reluctant run``, to be compared."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "scripts"
SOURCES = Path(__file__).parent.parent.parent / "src"


@dataclass(frozen=True)
class Run:
    """How a process ended and what it printed."""

    code: int
    out: bytes
    err: bytes


def plain(*arguments: str, folder: Path = SCRIPTS, stdin: bytes = b"", flags: tuple[str, ...] = ()) -> Run:
    """What ``python …`` does."""
    return _run([sys.executable, *flags, *arguments], folder, stdin)


def observed(*arguments: str, folder: Path = SCRIPTS, stdin: bytes = b"", flags: tuple[str, ...] = ()) -> Run:
    """What ``reluctant run …`` does."""
    return _run([*command(flags), *arguments], folder, stdin)


def command(flags: tuple[str, ...] = ()) -> list[str]:
    """The beginning of the command line of ``reluctant run``."""
    return [sys.executable, *flags, "-m", "reluctant", "run"]


def environment() -> dict[str, str]:
    """The environment of both runs: the sources of this checkout, wherever the process starts."""
    return {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}


def _run(line: list[str], folder: Path, stdin: bytes) -> Run:
    ended = subprocess.run(line, cwd=folder, env=environment(), input=stdin, capture_output=True, timeout=120)
    return Run(ended.returncode, ended.stdout, ended.stderr)
