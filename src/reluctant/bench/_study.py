"""A whole benchmark: every member, type and size that was asked for, as one document."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

import reluctant
from reluctant.errors import UsageError
from reluctant.kernels._library import library

from ._accuracy import Accuracy, accuracy
from ._allocation import keep_freed_memory
from ._floor import Floor, floor
from ._member import Member, member_of, members
from ._row import Row, measure

FORMAT = 1
LARGE, IN_CACHE = 2**24, 2**16
"""Elements of a tensor far larger than the processor's caches, and of one that fits into the second level."""
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Types that can be measured."""


@dataclass(frozen=True)
class Machine:
    """Where it was measured."""

    processor: str
    cores: int
    load: float
    library: str
    """Level of instructions of the compiled kernels, or why there are none."""
    torch: str
    reluctant: str
    keeps_freed_memory: bool
    """Whether allocation was set to cost all contenders alike little."""


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    members: tuple[Member, ...]
    dtypes: tuple[torch.dtype, ...] = (torch.float32, torch.bfloat16)
    elements: tuple[int, ...] = (IN_CACHE, LARGE)
    compiled: bool = False
    kernels: bool = False
    """Measure the kernels even where torch's operator is chosen."""
    rounds: int = 9
    seconds: float = 10.0
    """For each row."""
    samples: int = 0
    """Bit patterns for the errors; 0 leaves them out."""


@dataclass(frozen=True)
class Study:
    """What was measured. Saved as JSON, it can be shown again."""

    format: int
    machine: Machine
    floors: tuple[Floor, ...]
    rows: tuple[Row, ...]
    errors: dict[str, Accuracy]
    """By member: errors in float32."""


def plan(names: Sequence[str] = ()) -> Plan:
    """A plan for these activations; for all where none is named."""
    from reluctant.activations import get

    wanted = dict.fromkeys(map(get, names))
    known = tuple(member for member in members() if not wanted or member.activation in wanted)
    with_arguments = [activation for activation in wanted if all(activation != member.activation for member in known)]
    return Plan((*known, *map(member_of, with_arguments)))


def run(plan: Plan, told: Callable[[Row], None] = lambda row: None) -> Study:
    """Measure on one thread; `told` hears of each row as it comes."""
    before, kept = torch.get_num_threads(), keep_freed_memory()
    torch.set_num_threads(1)
    try:
        floors = tuple(floor(dtype, elements, rounds=plan.rounds) for dtype in plan.dtypes for elements in plan.elements)
        rows = tuple(_rows(plan, told))
        errors = {member.name: found for member in plan.members if plan.samples and (found := _errors(member, plan.samples))}
    finally:
        torch.set_num_threads(before)
    return Study(FORMAT, machine(kept), floors, rows, errors)


def _rows(plan: Plan, told: Callable[[Row], None]) -> Iterator[Row]:
    for elements in plan.elements:
        for dtype in plan.dtypes:
            for member in plan.members:
                row = measure(
                    member, dtype, elements, compiled=plan.compiled, rounds=plan.rounds, seconds=plan.seconds, kernel=plan.kernels
                )
                if row is not None:
                    told(row)
                    yield row


def _errors(member: Member, samples: int) -> Accuracy | None:
    return None if member.channels else accuracy(member.activation, samples)


def machine(keeps_freed_memory: bool) -> Machine:
    """The machine this runs on."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = models[0] if models else name
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    kernels = library().level or library().reason
    return Machine(name, os.cpu_count() or 1, load, kernels, str(torch.__version__), reluctant.__version__, keeps_freed_memory)


def encoded(study: Study) -> bytes:
    """As JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(study), indent=2) + b"\n"


def decoded(data: bytes, source: str) -> Study:
    """The study in a JSON file. Raises `UsageError` where it is something else."""
    try:
        study = msgspec.json.decode(data, type=Study)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        advice = "Give a file that `reluctant bench -o FILE.json` wrote"
        raise UsageError(f"the file is no saved benchmark: {error}", where=source, advice=advice) from error
    if study.format != FORMAT:
        what = f"the file is of format {study.format}, and this version reads format {FORMAT}"
        raise UsageError(what, where=source, advice="Measure it again")
    return study
