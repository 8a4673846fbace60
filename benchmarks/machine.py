"""The machine a benchmark runs on, and the surroundings it gives to the processes it starts."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import version
from pathlib import Path


def description() -> str:
    """One line for a report: processor, cores, load, and the versions that matter."""
    from reluctant.machine import processor  # on use: `environment` says how to install reluctant where it is not

    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{processor()}, {os.cpu_count()} cores{load}; python {platform.python_version()}, torch {version('torch')}"


def pin() -> str:
    """Keep this process, and those it starts, on one core, where the system can; says what was done."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned: this system cannot"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"pinned to core {core}"


def environment() -> dict[str, str]:
    """The environment variables of a process that is started: one thread, and this Reluctant wherever the process runs."""
    package = importlib.util.find_spec("reluctant")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("reluctant is not installed; install it, or set PYTHONPATH=src")
    sources = str(Path(package.origin).parents[1])
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    path = os.pathsep.join(dict.fromkeys([sources, *map(os.path.abspath, others)]))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
