"""The machine that numbers were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What is worth knowing beside a measured time."""

    processor: str
    cores: int
    """Those that the process may use."""
    system: str
    python: str
    torch: str

    def __str__(self) -> str:
        return f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}, torch {self.torch}"


def this_machine() -> Machine:
    """The machine this runs on. Raises `PackageNotFoundError` where torch is not installed."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(processor(), cores, platform.system(), platform.python_version(), version("torch"))


def processor() -> str:
    """The processor's name; Linux tells it in a file, other systems through Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
