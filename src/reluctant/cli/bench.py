"""``reluctant bench``: every activation timed on this machine, beside torch's own."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reluctant.errors import UsageError
from reluctant.recording._file import refuse_existing, write
from reluctant.report import width_of

if TYPE_CHECKING:
    from rich.table import Table

    from reluctant.bench import Plan, Study

FORMS = (".json", ".svg")


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
    from reluctant.bench import decoded, encoded, run, svg

    if source is not None:
        study = decoded(Path(source).read_bytes(), source)
    else:
        wanted = dataclasses.replace(_plan(activations, dtypes, elements), compiled=compiled, samples=samples, seconds=seconds)
        rows = len(wanted.members) * len(wanted.dtypes) * len(wanted.elements)
        with click.progressbar(length=rows, file=sys.stderr, label="Measuring") as bar:
            study = run(wanted, told=lambda row: bar.update(1))
    _show(study)
    if output is not None:
        write(output, encoded(study) if output.endswith(".json") else svg(study).encode(), force)
        click.echo(f"Written: {output}", err=True)


def _plan(activations: tuple[str, ...], dtypes: tuple[str, ...], elements: tuple[int, ...]) -> Plan:
    from reluctant.bench import TYPES, plan
    from reluctant.errors import UnknownNameError

    found = plan(activations)
    for dtype in dtypes:
        if dtype not in TYPES:
            raise UnknownNameError("type that can be measured", dtype, TYPES, where="--dtype")
    return dataclasses.replace(found, dtypes=tuple(TYPES[dtype] for dtype in dtypes) or found.dtypes, elements=elements or found.elements)


def _show(study: Study) -> None:
    from rich.console import Console

    console = Console(file=sys.stdout, width=width_of(sys.stdout), highlight=False, markup=False, emoji=False)
    machine = study.machine
    console.print(f"{machine.processor}, one thread; torch {machine.torch}; kernels: {machine.library}; load {machine.load:.1f}")
    if not machine.keeps_freed_memory:
        console.print("Allocation could not be set alike for all: large tensors pay for fresh memory, which hides much of the difference.")
    for floor in study.floors:
        console.print(f"\n{floor.elements:,} elements of {floor.dtype}; the memory's limit: {_limit(floor.copy_ns, floor.add_ns)}")
        console.print(_table(study, floor.dtype, floor.elements))
    if study.errors:
        console.print("\nLargest errors in float32 over the whole range: of values in units of their own last place, of slopes in units")
        console.print("of the largest slope's last place, as it matters in a sum. inf is an infinity where the value is finite.")
        console.print(_errors(study))


def _limit(copy: float, add: float) -> str:
    return f"forward {copy:.2f} ns, backward {add:.2f} ns an element"


def _narrow_table(first: str) -> Table:
    """A table that spends no room between its columns, and where it is short of room breaks the names in the first one."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    return table


def _table(study: Study, dtype: str, elements: int) -> Table:
    rows = [row for row in study.rows if (row.dtype, row.elements) == (dtype, elements)]
    compiled = any(row.ratio_to_compiled is not None for row in rows)
    table = _narrow_table("activation")
    table.add_column("served\nby", no_wrap=True)
    timed = ("forward\nns", "torch's\nns", "backward\nns", "torch's\nns", "\nspeed")
    for name in (*timed, *["to com-\npiled"] * compiled, "kept\nbytes", "torch's\nbytes"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        times = (row.forward_ns, row.forward_ns_by_torch, row.backward_ns, row.backward_ns_by_torch)
        to_compiled = [] if not compiled else ["" if row.ratio_to_compiled is None else f"{row.ratio_to_compiled:.2f}×"]
        kept = (f"{row.kept_bytes:g}", f"{row.kept_bytes_by_torch:g}")
        table.add_row(row.member, row.chosen, *(f"{time:.2f}" for time in times), f"{row.ratio:.2f}×", *to_compiled, *kept)
    return table


def _errors(study: Study) -> Table:
    table = _narrow_table("activation")
    for name in ("kernel", "torch's", "kernel's\nslope", "torch's\nslope"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, error in study.errors.items():
        found = (error.forward.largest, error.forward_by_torch.largest, error.gradient_absolute, error.gradient_absolute_by_torch)
        table.add_row(name, *("inf" if value is None else f"{value:.3g}" for value in found))
    return table
