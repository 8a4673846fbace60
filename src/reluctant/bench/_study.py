"""A whole benchmark: every member, type and size that was asked for, as one document."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import torch

import reluctant
from reluctant.errors import UsageError
from reluctant.instrument.threads import one_thread
from reluctant.kernels import library
from reluctant.machine import processor

from ._accuracy import Accuracy, accuracy
from ._member import Member, member_of, members
from ._row import BenchRow, measure
from ._timing import interleaved, keep_freed_memory

FORMAT = 1
LARGE, IN_CACHE = 2**24, 2**16
"""Elements of a tensor far larger than the processor's caches, and of one that fits into the second level."""
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Types that can be measured."""


@dataclass(frozen=True)
class Floor:
    """Nanoseconds of one thread for each element, without allocation."""

    dtype: str
    elements: int
    copy_ns: float
    """One read, one write: the least that forward can take."""
    add_ns: float
    """Two reads, one write: the least that backward can take."""


@dataclass(frozen=True)
class BenchMachine:
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
class BenchPlan:
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
class BenchStudy:
    """What was measured. Saved as JSON, it can be shown again."""

    format: int
    machine: BenchMachine
    floors: tuple[Floor, ...]
    rows: tuple[BenchRow, ...]
    errors: dict[str, Accuracy]
    """By member: errors in float32."""


def plan(names: Sequence[str] = ()) -> BenchPlan:
    """A plan for these activations; for all where none is named."""
    from reluctant.activations import get

    wanted = dict.fromkeys(map(get, names))
    of_catalogue = tuple(member for member in members() if not wanted or member.activation in wanted)
    with_arguments = [activation for activation in wanted if all(activation != member.activation for member in of_catalogue)]
    return BenchPlan((*of_catalogue, *map(member_of, with_arguments)))


def run(plan: BenchPlan, on_row: Callable[[BenchRow], None] = lambda row: None) -> BenchStudy:
    """Measure on one thread; `on_row` is called with each row as it comes."""
    kept = keep_freed_memory()
    with one_thread():
        floors = tuple(floor(dtype, elements, rounds=plan.rounds) for dtype in plan.dtypes for elements in plan.elements)
        rows = tuple(_rows(plan, on_row))
        errors = {member.name: found for member in plan.members if plan.samples and (found := _errors(member, plan.samples))}
    return BenchStudy(FORMAT, machine(kept), floors, rows, errors)


def floor(dtype: torch.dtype, elements: int, *, rounds: int = 9) -> Floor:
    """Measure it, by torch's own copy and sum into tensors that are there."""
    a, b = torch.ones(elements, dtype=dtype), torch.ones(elements, dtype=dtype)
    out = torch.empty_like(a)
    times = interleaved({"copy": lambda: out.copy_(a), "add": lambda: torch.add(a, b, out=out)}, rounds=rounds)
    per_element = 1e9 / elements
    name = str(dtype).removeprefix("torch.")
    return Floor(name, elements, times.median("copy") * per_element, times.median("add") * per_element)


def _rows(plan: BenchPlan, on_row: Callable[[BenchRow], None]) -> Iterator[BenchRow]:
    for elements in plan.elements:
        for dtype in plan.dtypes:
            for member in plan.members:
                row = measure(
                    member, dtype, elements, compiled=plan.compiled, rounds=plan.rounds, seconds=plan.seconds, kernel=plan.kernels
                )
                if row is not None:
                    on_row(row)
                    yield row


def _errors(member: Member, samples: int) -> Accuracy | None:
    return None if member.channels else accuracy(member.activation, samples)


def machine(keeps_freed_memory: bool) -> BenchMachine:
    """The machine this runs on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    kernels = library().level or library().reason
    return BenchMachine(processor(), os.cpu_count() or 1, load, kernels, str(torch.__version__), reluctant.__version__, keeps_freed_memory)


def encoded(study: BenchStudy) -> bytes:
    """As JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(study), indent=2) + b"\n"


def decoded(data: bytes, source: str) -> BenchStudy:
    """The study in a JSON file. Raises `UsageError` where it is something else."""
    try:
        study = msgspec.json.decode(data, type=BenchStudy)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        advice = "Give a file that `reluctant bench -o FILE.json` wrote"
        raise UsageError(f"the file is no saved benchmark: {error}", where=source, advice=advice) from error
    if study.format != FORMAT:
        what = f"the file is of format {study.format}, and this version reads format {FORMAT}"
        raise UsageError(what, where=source, advice="Measure it again")
    return study
