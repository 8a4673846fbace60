"""Measures activations on this machine: time, bytes kept for backward and error, beside torch's own and beside the memory's limit."""

from __future__ import annotations

from ._plot import svg
from ._row import BenchRow
from ._study import IN_CACHE, LARGE, TYPES, BenchMachine, BenchPlan, BenchStudy, Floor, decoded, encoded, plan, run

__all__ = [
    "IN_CACHE", "LARGE", "TYPES", "BenchMachine", "BenchPlan", "BenchRow", "BenchStudy", "Floor", "decoded", "encoded", "plan", "run",
    "svg",
]
