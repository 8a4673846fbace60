"""Runs a workload as a process, under plain python or under Reluctant, and says what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import environment

WORKLOADS = Path(__file__).parent / "workloads"


@dataclass(frozen=True)
class Ended:
    """One process that came to its end."""

    wall_seconds: float
    """From its start to its end, imports and report included."""
    peak_mb: float
    """Most memory it held at any time."""
    printed: dict[str, Any]
    """What the workload printed: ``seconds``, ``cpu_seconds`` and ``steps`` of its training loop, ``loss`` and ``weights``."""

    @property
    def step_ms(self) -> float:
        """Wall-clock time of one step of the training loop."""
        return 1000 * self._number("seconds") / self._number("steps")

    @property
    def step_cpu_ms(self) -> float:
        """Processor time of one step of the training loop."""
        return 1000 * self._number("cpu_seconds") / self._number("steps")

    @property
    def outside_seconds(self) -> float:
        """Time outside the training loop."""
        return self.wall_seconds - self._number("seconds")

    def _number(self, name: str) -> float:
        return float(self.printed[name])


def plain(workload: str, **options: int) -> Ended:
    """``python WORKLOAD --option value …``."""
    return _ended([sys.executable, *_program(workload, options)])


def watched(workload: str, recording: Path, **options: int) -> Ended:
    """``reluctant run -o RECORDING WORKLOAD --option value …``, the report printed as ever, with default settings."""
    start = [sys.executable, "-m", "reluctant", "run", "--force", "-o", str(recording.absolute())]
    return _ended([*start, *_program(workload, options)])


def _program(workload: str, options: dict[str, int]) -> list[str]:
    script = (WORKLOADS / f"{workload}.py").absolute()
    return [str(script), *(f"--{name}={value}" for name, value in options.items())]


def _ended(line: list[str]) -> Ended:
    """Run it in a folder that has no settings of anybody's.

    Raises `RuntimeError` with its last words where it fails, or where Reluctant says that it failed.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(line, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if (code := os.waitstatus_to_exitcode(status)) != 0 or "reluctant: " in said:
        raise RuntimeError(f"{' '.join(line)} ended with exit code {code}:\n{said[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(seconds, usage.ru_maxrss * unit / 1e6, json.loads(output.splitlines()[-1]))
