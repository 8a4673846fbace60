"""Measures activations on this machine: time, bytes kept for backward and error, beside torch's own and beside the memory's limit."""

from __future__ import annotations

from ._floor import Floor
from ._plot import svg
from ._row import Row
from ._study import IN_CACHE, LARGE, TYPES, Machine, Plan, Study, decoded, encoded, plan, run

__all__ = ["IN_CACHE", "LARGE", "TYPES", "Floor", "Machine", "Plan", "Row", "Study", "decoded", "encoded", "plan", "run", "svg"]
