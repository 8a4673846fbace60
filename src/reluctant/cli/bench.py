"""``reluctant bench``: every activation timed on this machine, beside torch's own."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reluctant.errors import UsageError
from reluctant.layout import drawn, wrap
from reluctant.recording import refuse_existing, write
from reluctant.report import encodable, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from reluctant.bench import BenchPlan, BenchStudy, Floor

FORMS = (".json", ".svg")

NARROWEST = 80
"""Columns that the tables need; a narrower terminal breaks their lines."""

LEGEND = {
    "ns": "ns: nanoseconds for each element; beside reluctant.nn's own time that of torch's operator.",
    "served": "served by: what reluctant.nn computes with at this size, its own kernel or torch's operator.",
    "speed": "speed: torch's time by reluctant.nn's, forward and backward together; 2.00× is twice as fast.",
    "compiled": "to compiled: the same against torch.compile of torch's operator.",
    "bytes": "bytes kept: what autograd keeps for backward, for each element and beyond what linear layers around the activation keep: "
    "torch's → reluctant.nn's.",
    "memory": "memory: how long torch takes to copy a tensor of this size, beside forward, and to add two, beside backward. What reads "
    "and writes that much takes about as long; a kernel that stores past the caches can take a little less.",
}
"""What the columns and the last row of the tables mean."""
ERRORS = (
    "Errors of values are in units of their own last place, errors of slopes in units of the largest slope's last place, as it matters in "
    "a sum. inf is an infinity where the value is finite. Left out: pairs and activations that learn or draw a slope."
)
"""What the table of errors shows."""


@click.command(options_metavar="[OPTIONS]")
@click.option("-o", "--output", metavar="FILE", help="Write what was measured to FILE as well: .json, or .svg for a picture.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@click.option("--dtype", "dtypes", multiple=True, help="Type of the elements; may be given several times.  [default: float32, bfloat16]")
@click.option("--elements", multiple=True, type=click.IntRange(min=1), help="Size of the tensors.  [default: 65536, 16777216]")
@click.option("--compile", "compiled", is_flag=True, help="Measure torch.compile of torch's operator too; takes seconds for each.")
@click.option("--samples", type=click.IntRange(min=0), default=1_000_000, show_default=True, help="Values to measure errors at, or 0.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=3.0, show_default=True, help="Time to spend on each row.")
@click.option("--from", "source", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Show FILE.json of an earlier -o.")
@click.argument("activations", nargs=-1, metavar="[ACTIVATION]...")
def command(
    output: str | None,
    force: bool,
    dtypes: tuple[str, ...],
    elements: tuple[int, ...],
    compiled: bool,
    samples: int,
    seconds: float,
    source: str | None,
    activations: tuple[str, ...],
) -> None:
    """Time activations on this machine: forward, backward, bytes kept, error, against torch and against the memory's limit.

    Measures all activations, or those that are named. One thread; all contenders in turn; ratios are medians of paired rounds. Close
    other programs first: what shares the memory slows both sides, but not alike.
    """
    if output is not None and not output.endswith(FORMS):
        raise UsageError(f"{output} names no form", where="--output", advice=f"End it with {' or '.join(FORMS)}")
    if output is not None:
        refuse_existing(output, force)
        if not Path(output).resolve().parent.is_dir():  # said before minutes are spent
            raise UsageError(f"there is no directory for {output}", where="--output", advice="Make it, or give another place")
    from reluctant.bench import decoded, encoded, svg

    if source is not None:
        _refuse_beside_source(activations, dtypes, elements, compiled)
        study = decoded(Path(source).read_bytes(), source)
    else:
        wanted = dataclasses.replace(_plan(activations, dtypes, elements), compiled=compiled, samples=samples, seconds=seconds)
        rows = len(wanted.members) * len(wanted.dtypes) * len(wanted.elements)
        with click.progressbar(length=rows, file=sys.stderr, label="Measuring") as bar:
            study = _measured(wanted, lambda: bar.update(1))
    for line in _lines(study, max(width_of(sys.stdout), NARROWEST)):
        click.echo(encodable(line, sys.stdout.encoding))
    if output is not None:
        write(output, encoded(study) if output.endswith(".json") else svg(study).encode(), force)
        click.echo(f"Written: {output}", err=True)
        if output.endswith(".json"):
            click.echo(f"Picture: reluctant bench --from {output} -o {output.removesuffix('.json')}.svg", err=True)


def _measured(wanted: BenchPlan, on_row: Callable[[], None]) -> BenchStudy:
    from reluctant.bench import run

    try:
        return run(wanted, on_row=lambda row: on_row())
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # the words of torch's allocator, which has no error of its own
            raise
        raise UsageError("there is not enough memory for tensors of this size", where="--elements", advice="Give a smaller one") from error


def _refuse_beside_source(*chosen: object) -> None:
    if any(chosen):
        raise UsageError(
            "it shows all that was measured, and nothing is measured beside it",
            where="--from",
            advice="Leave out activations, --dtype, --elements and --compile",
        )


def _plan(activations: tuple[str, ...], dtypes: tuple[str, ...], elements: tuple[int, ...]) -> BenchPlan:
    from reluctant.bench import TYPES, plan
    from reluctant.errors import UnknownNameError

    found = plan(activations)
    for dtype in dtypes:
        if dtype not in TYPES:
            raise UnknownNameError("type that can be measured", dtype, TYPES, where="--dtype")
    return dataclasses.replace(found, dtypes=tuple(TYPES[dtype] for dtype in dtypes) or found.dtypes, elements=elements or found.elements)


def _lines(study: BenchStudy, width: int) -> Iterator[str]:
    machine = study.machine
    yield from wrap(f"{machine.processor}, one thread; torch {machine.torch}; kernels: {machine.library}; load {machine.load:.1f}", width)
    if not machine.keeps_freed_memory:
        yield from wrap(
            "Allocation could not be set alike for all: large tensors pay for fresh memory, which hides much of the difference.", width
        )
    for floor in study.floors:
        yield f"\n{floor.elements:,} element{'s' if floor.elements > 1 else ''} of {floor.dtype}"
        yield from (*drawn(_table(study, floor), width), "")
    compiled = any(row.ratio_to_compiled is not None for row in study.rows)
    for name, meaning in LEGEND.items():
        if compiled or name != "compiled":
            yield from wrap(meaning, width)
    if study.errors:
        yield "\nLargest errors in float32, over its whole range"
        yield from (*drawn(_errors(study), width), "")
        yield from wrap(ERRORS, width)


def _narrow_table(first: str) -> Table:
    """A table that spends no room between its columns, and where it is short of room breaks the names in the first one."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    return table


def _table(study: BenchStudy, floor: Floor) -> Table:
    rows = [row for row in study.rows if (row.dtype, row.elements) == (floor.dtype, floor.elements)]
    compiled = any(row.ratio_to_compiled is not None for row in rows)
    table = _narrow_table("activation")
    table.add_column("served\nby", no_wrap=True)
    for name in ("forward\nns", "torch's\nns", "backward\nns", "torch's\nns", "\nspeed", *["to com-\npiled"] * compiled, "bytes\nkept"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        times = (row.forward_ns, row.forward_ns_by_torch, row.backward_ns, row.backward_ns_by_torch)
        to_compiled = [] if not compiled else ["" if row.ratio_to_compiled is None else f"{row.ratio_to_compiled:.2f}×"]
        kept = f"{row.kept_bytes_by_torch:g} → {row.kept_bytes:g}"
        table.add_row(row.member, row.chosen, *(f"{time:.2f}" for time in times), f"{row.ratio:.2f}×", *to_compiled, kept)
    table.add_section()
    table.add_row("memory", "", f"{floor.copy_ns:.2f}", "", f"{floor.add_ns:.2f}")
    return table


def _errors(study: BenchStudy) -> Table:
    table = _narrow_table("activation")
    for name in ("values,\nkernel", "values,\ntorch", "slopes,\nkernel", "slopes,\ntorch"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, error in study.errors.items():
        found = (error.forward.largest, error.forward_by_torch.largest, error.gradient_absolute, error.gradient_absolute_by_torch)
        table.add_row(name, *("inf" if value is None else f"{value:.3g}" for value in found))
    return table
