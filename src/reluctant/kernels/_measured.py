"""What was measured of each kernel against torch's own operator, and what follows for the choice between them."""

from __future__ import annotations

import functools
import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "measured.json"
"""Written by ``python benchmarks/every_activation.py --write``: ratios of torch's time to the kernel's, forward and backward together."""

LEAST = 0.97
"""Smallest ratio that counts as no loss where the kernel keeps fewer bytes: readings of a tie scatter by about as much."""
GAIN = 1.05
"""Smallest geometric mean over the sizes at which a kernel serves that keeps as many bytes as torch's operator."""


@dataclass(frozen=True)
class Measured:
    """What follows from the measurements of one kernel and type of elements."""

    worthwhile: bool
    from_elements: int
    reason: str


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def measured(name: str, dtype: str) -> Measured:
    """Whether the kernel is worth its while, from which size on, and why. Unmeasured kernels are used."""
    rows = _document()["ratios"].get(name, {}).get(dtype)
    if rows is None:
        return Measured(True, 0, "not measured against torch's operator yet")
    ratios = {int(size): ratio for size, ratio in rows["by_elements"].items()}
    spares = rows["kept_bytes"] < rows["kept_bytes_by_torch"]
    good: list[int] = []
    for size in sorted(ratios, reverse=True):
        if ratios[size] < (LEAST if spares else 1):
            break
        good.append(size)
    if good and not spares and statistics.geometric_mean(ratios[size] for size in good) < GAIN:
        good = []
    if not good:
        return Measured(False, 0, f"the kernel reaches {_span(ratios.values())} times the speed of torch's own operator")
    # The smallest size that was measured stands for all below it.
    first = 0 if good[-1] == min(ratios) else good[-1]
    slower = f"; {ratios[max(set(ratios) - set(good))]:.2f} times it below that size" if first else ""
    return Measured(True, first, f"the kernel reaches {_span(ratios[size] for size in good)} times torch's speed{slower}")


def _span(ratios: Iterable[float]) -> str:
    known = sorted(ratios)
    ends = [f"{known[0]:.2f}", f"{known[-1]:.2f}"]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
