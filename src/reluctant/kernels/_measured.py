"""What was measured of each kernel against torch's own operator, on which kind of machine, and what follows for the choice between them."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "measured.json"
"""`KernelMeasurements` of each kind of machine; ``python benchmarks/every_activation.py --write`` writes those of the one it runs on."""

LEAST = 0.97
"""Smallest ratio that counts as no loss where the kernel keeps fewer bytes: readings of a tie scatter by about as much."""
GAIN = 1.05
"""Smallest geometric mean over the sizes at which a kernel serves that keeps as many bytes as torch's operator."""


@dataclass(frozen=True)
class MachineKind:
    """A kind of machine: what the speed of a kernel beside torch's operator depends on."""

    processor: str
    instruction_set: str
    """Level of the library: ``avx512`` or ``avx2``."""
    threads: int

    def __str__(self) -> str:
        return f"{self.processor}, {self.instruction_set}, {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class KernelSpeed:
    """What was measured of one kernel for one type of elements."""

    kept_bytes: float
    """For backward, for each element."""
    kept_bytes_by_torch: float
    by_elements: Mapping[int, float]
    """By the size of the tensor: torch's time by the kernel's, forward and backward together."""


@dataclass(frozen=True)
class KernelMeasurements:
    """Speeds of all kernels on one kind of machine."""

    machine: MachineKind
    torch: str
    ratios: Mapping[str, Mapping[str, KernelSpeed]]
    """By the family of the kernel's `Signature` and the type of elements."""


@dataclass(frozen=True)
class ServingRule:
    """From which size on a kernel serves, and why."""

    from_elements: int | None
    """None where torch's operator serves at every size."""
    reason: str


@functools.cache
def measurements() -> tuple[KernelMeasurements, ...]:
    """All that this package holds."""
    return msgspec.json.decode(FILE.read_bytes(), type=tuple[KernelMeasurements, ...])


def measurements_for(instruction_set: str) -> KernelMeasurements | None:
    """Those of machines that compute with these instructions; None where there are none.

    Processors of one instruction set, and other numbers of threads, differ too: for them the measurements are the best estimate that there
    is, and what is told of them names the machine.
    """
    return next((entry for entry in measurements() if entry.machine.instruction_set == instruction_set), None)


def serving_rule(family: str, dtype: str, instruction_set: str) -> ServingRule:
    """Whether a kernel is worth its while, from which size on, and why.

    Where nothing was measured with these instructions torch's operator serves. A kernel that alone was not measured there serves.
    """
    found = measurements_for(instruction_set)
    if found is None:
        machines = "; ".join(str(entry.machine) for entry in measurements())
        return ServingRule(None, f"kernels were not measured with {instruction_set} yet, only on {machines}")
    speed = found.ratios.get(family, {}).get(dtype)
    if speed is None:
        return ServingRule(0, "not measured against torch's operator yet")
    sizes = _gaining_sizes(speed)
    if not sizes:
        return ServingRule(None, f"the kernel reached {_span(speed.by_elements.values())} times torch's speed on {found.machine}")
    # The smallest size that was measured stands for all below it.
    first = 0 if sizes[-1] == min(speed.by_elements) else sizes[-1]
    smaller = max(set(speed.by_elements) - set(sizes), default=0)
    slower = f"; {speed.by_elements[smaller]:.2f} times it below that size" if first else ""
    reached = _span(speed.by_elements[size] for size in sizes)
    return ServingRule(first, f"the kernel reached {reached} times torch's speed on {found.machine}{slower}")


def _gaining_sizes(speed: KernelSpeed) -> list[int]:
    """The sizes at which the kernel should serve, the largest first: down to the first at which it loses; none where it gains nothing."""
    spares = speed.kept_bytes < speed.kept_bytes_by_torch
    sizes: list[int] = []
    for size in sorted(speed.by_elements, reverse=True):
        if speed.by_elements[size] < (LEAST if spares else 1):
            break
        sizes.append(size)
    gains = sizes and (spares or statistics.geometric_mean(speed.by_elements[size] for size in sizes) >= GAIN)
    return sizes if gains else []


def _span(ratios: Iterable[float]) -> str:
    ordered = sorted(ratios)
    ends = [f"{ordered[0]:.2f}", f"{ordered[-1]:.2f}"]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
