"""``reluctant info``: what serves which activation on this machine, and why."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from reluctant import __version__
from reluctant.activations import Activation, definitions, get
from reluctant.instrument.patches import every_patch
from reluctant.instrument.torch_private import every_name
from reluctant.layout import Column, drawn, table_lines, wrap
from reluctant.machine import this_machine
from reluctant.report import encodable, width_of

ELEMENTS = 1 << 24
"""Of the tensor that the cost of new memory is measured with: 64 MB of float32, beyond what malloc keeps when it is freed."""

DEAR = 2.0
"""New memory costs so many times what reused memory does before there is advice: less is within what such a short measurement is off."""

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@dataclass(frozen=True)
class Served:
    """What serves one activation for some types of elements."""

    activation: str
    types: tuple[str, ...]
    by: str
    """``kernel`` or ``torch``."""
    device: str
    """``cpu`` or ``cuda``."""
    from_elements: int
    """Size of a tensor from which it serves; torch's operator does below."""
    why: str


@dataclass(frozen=True)
class Memory:
    """What memory costs that a process has not touched before, by a tensor of 64 MB."""

    new_ns: float
    """Nanoseconds for each float32 that is written to memory fresh from the system."""
    reused_ns: float
    """The same, written a second time."""
    advice: str


@dataclass(frozen=True)
class Info:
    """What `reluctant info` tells."""

    reluctant: str
    python: str
    torch: str
    system: str
    processor: str
    cores: int
    capability: str
    """The vector instructions that torch computes with."""
    threads: int
    kernels: str
    """Level of the compiled library; empty where there is none."""
    no_kernels: str
    """Why there is none."""
    measured_on: str
    """The kind of machine whose speeds decide where kernels serve; empty where none was measured with these instructions."""
    measured_here: bool
    """Whether this machine is of that kind: its processor, its instructions, as many threads."""
    devices: tuple[str, ...]
    """Graphics processors that torch can use."""
    triton: str
    """Version of Triton, in which their kernels are written; empty where there is none."""
    memory: Memory
    served: tuple[Served, ...]


@click.command()
@click.argument("spelling", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--patches", is_flag=True, help="List what Reluctant replaces in a process, and the private names of torch that it reads.")
def command(spelling: str | None, as_json: bool, patches: bool) -> None:
    """Tell what serves which activation on this machine, and why.

    SPELLING is an activation, with arguments where they differ from the defaults; of it the reasons are told. Without it all are listed.

    Versions, the processor, the compiled kernels or why there are none, what large tensors cost here, and for each activation and type
    of elements whether reluctant.nn uses a kernel or torch's own operator.
    """
    if patches:
        for line in _patches(width_of(sys.stdout)):
            click.echo(encodable(line, sys.stdout.encoding))
        return
    info = gather([get(spelling)] if spelling else forms())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(info), indent=2))
        return
    for line in _lines(info, width_of(sys.stdout)):
        click.echo(encodable(line, sys.stdout.encoding))


def forms() -> list[Activation]:
    """Every activation with its default parameters, and those forms that have a name of their own."""
    return list(dict.fromkeys(get(name) for definition in definitions().values() for name in (definition.name, *definition.aliases)))


def gather(activations: Sequence[Activation]) -> Info:
    """Look at this machine and these activations; takes a moment, since it measures what memory costs."""
    import torch

    from reluctant.kernels import MachineKind, library, measurements_for

    machine, measured = this_machine(), measurements_for(library().level)
    devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    return Info(
        __version__,
        machine.python,
        machine.torch,
        machine.system,
        machine.processor,
        machine.cores,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        library().level,
        library().reason,
        str(measured.machine) if measured is not None else "",
        measured is not None and measured.machine == MachineKind(machine.processor, library().level, torch.get_num_threads()),
        tuple(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())),
        _triton_version(),
        _memory(),
        tuple(row for activation in activations for device in devices for row in _served(activation, device)),
    )


def _triton_version() -> str:
    try:
        return version("triton")
    except PackageNotFoundError:
        return ""


def _memory() -> Memory:
    """Measure what new memory costs, the best of three."""
    import torch

    new, reused = [], []
    for _ in range(3):
        start = time.perf_counter()
        tensor = torch.empty(ELEMENTS).fill_(1.0)
        between = time.perf_counter()
        tensor.fill_(2.0)
        reused.append(time.perf_counter() - between)
        new.append(between - start)
        del tensor
    new_ns, reused_ns = (1e9 * min(seconds) / ELEMENTS for seconds in (new, reused))
    return Memory(new_ns, reused_ns, _advice() if new_ns > DEAR * reused_ns else "")


def _advice() -> str:
    """What makes new memory cheaper on Linux; the environment must hold it before Python starts."""
    if sys.platform != "linux":
        return ""
    allowed = "[never]" not in HUGE_PAGES.read_text() if HUGE_PAGES.exists() else False
    if allowed and os.environ.get("THP_MEM_ALLOC_ENABLE") != "1":
        return "set THP_MEM_ALLOC_ENABLE=1, and torch asks the system for large pages"
    return "set MALLOC_MMAP_MAX_=0 and MALLOC_TRIM_THRESHOLD_=100000000000, and glibc keeps memory that is freed"


def _served(activation: Activation, device: str) -> Iterator[Served]:
    """What serves an activation; types that are served alike are told together."""
    from reluctant.kernels import ELEMENT_TYPES, choice

    alike: dict[tuple[str, int, str], list[str]] = {}
    for dtype in ELEMENT_TYPES:
        chosen = choice(activation, dtype, device)
        by = "torch" if chosen.kernel is None else "kernel"
        alike.setdefault((by, chosen.from_elements, chosen.reason), []).append(str(dtype).removeprefix("torch."))
    for (by, from_elements, why), types in alike.items():
        yield Served(activation.spelling, tuple(types), by, device, from_elements, why)


def _patches(width: int) -> Iterator[str]:
    """What is replaced, why and until when; and which private names this torch has."""
    yield "Replaced in a process while a script is watched or tried"
    for patch in every_patch():
        never, _, why = patch.put_back.partition("never: ")
        until = f"Put back when {patch.put_back}" if never else f"Never put back: {why}"
        yield from wrap(f"{patch.path}: {patch.reason}. {until}.", width, "  ", "    ")
    yield ""
    names = [*every_name()]
    lacking = [entry for entry in names if not entry.is_there()]
    yield f"Private names of torch: {len(names) - len(lacking)} of {len(names)} are there"
    for entry in lacking:
        yield from wrap(f"missing: {entry.path}: without it {entry.lost}.", width, "  ", "    ")


def _lines(info: Info, width: int) -> Iterator[str]:
    yield f"reluctant {info.reluctant}, torch {info.torch}, Python {info.python}, {info.system}"
    yield ""
    memory = info.memory
    entries = {
        "processor": f"{info.processor}, {info.cores} cores",
        "torch": f"computes with {info.capability} on {info.threads} thread{'s' if info.threads > 1 else ''}",
        "kernels": f"compiled for {info.kernels}{_measured(info)}" if info.kernels else f"none: {info.no_kernels}",
        "GPU": f"{', '.join(info.devices) or 'none that torch can use'}; Triton {info.triton or 'is not installed'}",
        "memory": f"to write a float32 takes {memory.new_ns:.2g} ns in new memory, {memory.reused_ns:.2g} ns in memory that was used before"
        + (f"; tensors above 32 MB are new memory each time. Before you start Python, {memory.advice}" if memory.advice else ""),
    }
    for label, text in entries.items():
        yield from wrap(text, width, f"{label:<11}", " " * 11)
    yield ""
    reasons = {(row.by, row.why) for row in info.served}
    names = {row.activation for row in info.served}
    if len(names) == 1:
        yield from _reasons(info.served, width)
    elif len(reasons) > 1:
        yield from _overview(info.served, width)
    else:
        for by, why in reasons:
            yield from wrap(f"Every activation is served by {'torch' if by == 'torch' else 'a kernel'}: {why}.", width)


def _measured(info: Info) -> str:
    """Where the speeds come from that decide."""
    if not info.measured_on:
        return "; not measured with these instructions yet, so torch's operators serve"
    return f"; where they serve was measured on {info.measured_on}" + ("" if info.measured_here else ", not on a machine like this one")


def _overview(served: Sequence[Served], width: int) -> Iterator[str]:
    """A line for each activation on each device, with a column for each type of elements."""
    types = list(dict.fromkeys(kind for row in served for kind in row.types))
    several = len({row.device for row in served}) > 1
    found: dict[str, dict[str, str]] = {}
    for row in served:
        name = f"{row.activation}, {row.device}" if several else row.activation
        served_by = row.by if row.by == "torch" or not row.from_elements else f"from {row.from_elements:,}"
        found.setdefault(name, {}).update(dict.fromkeys(row.types, served_by))
    columns = [Column(kind, [serves.get(kind, "") for serves in found.values()]) for kind in types]
    yield from table_lines([Column("activation", list(found), least=9), *columns], width)
    yield ""
    legend = "kernel: reluctant.nn computes with its own kernel. from N: with its kernel for tensors of N elements and more, with torch's "
    yield from wrap(f"{legend}operator below. torch: with torch's operator always.", width)
    rest = "Torch's operators serve all under autocast, torch.compile, function transforms and a default device, and for other types."
    yield from wrap(rest, width)
    yield "Why: reluctant info ACTIVATION"


def _reasons(served: Sequence[Served], width: int) -> Iterator[str]:
    """What serves one activation, and why, for each type of elements."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for column in ("activation", "types", "served by", "why"):
        table.add_column(column, overflow="fold")
    above = ""
    for row in served:
        beginning = f" from {row.from_elements:,} elements" if row.from_elements else ""
        types = [kind if row.device == "cpu" else f"{kind}, {row.device}" for kind in row.types]
        table.add_row(row.activation if row.activation != above else "", "\n".join(types), row.by + beginning, row.why)
        above = row.activation
    yield from drawn(table, width)
