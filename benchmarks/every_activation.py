"""Every activation of the catalogue against torch's own: time, bytes kept for backward, error, and whole networks.

    python benchmarks/every_activation.py --bars         # all of it, about 40 minutes; exit code 1 where a bar is missed
    python benchmarks/every_activation.py --write        # kernels alone, to decide which are worth their while: writes measured.json
    python benchmarks/every_activation.py --short        # a few rounds of small tensors: that it works, not what it measures

All contenders run in turn in one process, on one core and one thread, with allocation set alike for all; ratios are medians of paired
rounds of processor time. Errors are against float64 over bit patterns spread over the whole range of float32.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from machine import description, pin
from reluctant.bench import IN_CACHE, LARGE, TYPES, BenchPlan, BenchRow, BenchStudy, encoded, plan, run
from reluctant.bench._accuracy import Error
from reluctant.kernels import KernelMeasurements, KernelSpeed, MachineKind, measurements
from reluctant.kernels._measured import FILE
from whole_networks import Network, networks

LEAST = {
    "prelu": 7.0, "prelu, each channel": 4.4, "rrelu": 6.0, "mish": 6.0, "tanh": 3.0, "gelu_tanh": 2.9, "elu": 1.9, "selu": 1.9,
    "celu": 1.9, "reglu": 1.9, "geglu": 1.9, "swiglu": 1.9, "softplus": 1.9,
}
"""Least ratio to eager torch in float32, large tensors, by member."""
LEAST_MEAN = {"float32": 2.5, "bfloat16": 2.3}
"""Least geometric mean of the ratios to eager torch, large tensors."""
LEAST_EACH = 0.97
LEAST_MEAN_COMPILED = 1.5
ALONE_SLOW_WHEN_COMPILED = ("relu", "leaky_relu", "relu6", "rrelu", "clamp", "hardsigmoid", "hardtanh")
"""Compiled alone these keep a mask that is slow to write, which vanishes in a compiled network: not to be counted as a gain."""
NETWORKS = {"prelu cnn": 1.3, "mish cnn": 1.1}
"""Least ratio of a whole training step; the others must not be slower."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    options = parser().parse_args(arguments)
    print(f"{pin()}; {description()}")
    if options.write:
        return write(options)
    study = run(the_plan(options), on_row=lambda row: print(line(row), flush=True))
    if options.output:
        options.output.write_bytes(encoded(study))
    for floor in study.floors:
        print(f"floor of {floor.dtype}, {floor.elements:,} elements: copy {floor.copy_ns:.3f} ns, add {floor.add_ns:.3f} ns an element")
    print_errors(study)
    steps = list(networks(short=options.short))
    for step in steps:
        print(step)
    missed = [*missed_in_rows(study.rows), *missed_in_errors(study), *missed_in_networks(steps)]
    if options.bars:
        print("\n".join(f"missed: {text}" for text in missed) or "every bar reached")
    return 1 if options.bars and missed else 0


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("activations", nargs="*", metavar="ACTIVATION", help="only these")
    found.add_argument("--bars", action="store_true", help="say which bars are missed")
    found.add_argument("--short", action="store_true", help="small tensors and few rounds")
    found.add_argument("--write", action="store_true", help="measure the kernels alone and write what decides where they are used")
    found.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    found.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the study as JSON")
    return found


def the_plan(options: argparse.Namespace) -> BenchPlan:
    """What to measure under these options."""
    found = plan(options.activations)
    if options.short:
        return dataclasses.replace(found, elements=(4096,), rounds=3, seconds=0.1, samples=4096)
    return dataclasses.replace(found, compiled=not options.no_compile, samples=10_000_000)


def line(row: BenchRow) -> str:
    """One row in words."""
    compiled = f", torch.compile {row.ratio_to_compiled:5.2f}" if row.ratio_to_compiled is not None else ""
    return (
        f"{row.member:20} {row.dtype:8} {row.elements:>10,} {row.chosen:6} "
        f"forward {row.forward_ns:5.2f} of {row.forward_ns_by_torch:5.2f} ns, "
        f"backward {row.backward_ns:5.2f} of {row.backward_ns_by_torch:5.2f} ns, ratio to eager {row.ratio:5.2f}{compiled}, "
        f"keeps {row.kept_bytes:.1f} of {row.kept_bytes_by_torch:.1f} bytes"
    )


def print_errors(study: BenchStudy) -> None:
    """Errors in units in the last place, ours and torch's."""
    for name, error in study.errors.items():
        forward, forward_by_torch, slope, slope_by_torch = map(
            size_of, (error.forward, error.forward_by_torch, error.gradient, error.gradient_by_torch)
        )
        print(
            f"{name:20} error forward {forward:9.3g} (torch {forward_by_torch:9.3g}), slope "
            f"{slope:9.3g} ({slope_by_torch:9.3g}) ulp; slope, of the largest slope's ulp "
            f"{error.gradient_absolute:5.2f} ({error.gradient_absolute_by_torch:5.2f})"
        )


def missed_in_rows(rows: Iterable[BenchRow]) -> list[str]:
    """Bars on time that the rows miss."""
    missed = []
    for row in rows:
        name = f"{row.member} in {row.dtype} at {row.elements:,} elements"
        least = max(LEAST_EACH, LEAST.get(row.member, 0) if row.dtype == "float32" and row.elements == LARGE else 0)
        if row.ratio < least:
            missed.append(f"{name}: {row.ratio:.2f} times eager torch's speed, less than {least}")
        if row.elements == LARGE and row.ratio_to_compiled is not None and row.ratio_to_compiled < LEAST_EACH:
            missed.append(f"{name}: {row.ratio_to_compiled:.2f} times compiled torch's speed, less than {LEAST_EACH}")
    large = [row for row in rows if row.elements == LARGE]
    for dtype, least in LEAST_MEAN.items():
        ratios = [row.ratio for row in large if row.dtype == dtype]
        compiled = [
            row.ratio_to_compiled
            for row in large
            if row.dtype == dtype and row.ratio_to_compiled is not None and row.member not in ALONE_SLOW_WHEN_COMPILED
        ]
        for kind, values, bar in (("eager", ratios, least), ("compiled", compiled, LEAST_MEAN_COMPILED)):
            if values:
                mean = math.exp(statistics.fmean(map(math.log, values)))
                print(f"geometric mean over {len(values)} members, {dtype}, large tensors: {mean:.2f} times {kind} torch's speed")
                if mean < bar:
                    missed.append(f"geometric mean in {dtype}: {mean:.2f} times {kind} torch's speed, less than {bar}")
    return missed


def missed_in_errors(study: BenchStudy) -> list[str]:
    """Members whose error is larger than torch's own and than one unit in the last place."""
    missed = []
    for name, error in study.errors.items():
        pairs = (("error", error.forward, error.forward_by_torch), ("error of the slope", error.gradient, error.gradient_by_torch))
        for what, ours, torchs in pairs:
            if size_of(ours) > max(size_of(torchs), 1.0):
                missed.append(f"{name}: {what} {size_of(ours):.3g} ulp, torch's {size_of(torchs):.3g}")
    return missed


def size_of(error: Error) -> float:
    """The largest error, as a number."""
    return math.inf if error.largest is None else error.largest


def missed_in_networks(steps: Iterable[Network]) -> list[str]:
    """Whole networks that gain less than they should, or lose."""
    return [
        f"{step.name}: a training step at {step.ratio:.2f} times torch's speed, less than {NETWORKS.get(step.name, LEAST_EACH)}"
        for step in steps
        if step.ratio < NETWORKS.get(step.name, LEAST_EACH)
    ]


def write(options: argparse.Namespace) -> int:
    """Measure every kernel at several sizes, and write what decides from which size on each is used."""
    sizes = (4096,) if options.short else (2**10, 2**13, IN_CACHE, 2**20, LARGE)
    rounds = 3 if options.short else 15
    wanted = dataclasses.replace(plan(options.activations), elements=sizes, dtypes=tuple(TYPES.values()), kernels=True)
    measured = run(dataclasses.replace(wanted, rounds=rounds, seconds=4.0), on_row=lambda row: print(line(row), flush=True))
    if not options.short:
        found = kernel_measurements(measured)
        others = [entry for entry in measurements() if entry.machine != found.machine]
        if options.activations:  # those of the others stay
            for entry in measurements():
                if entry.machine == found.machine:
                    found = dataclasses.replace(found, ratios={**entry.ratios, **found.ratios})
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode([found, *others]), indent=1) + b"\n")
    return 0


def kernel_measurements(study: BenchStudy) -> KernelMeasurements:
    """The study as `reluctant.kernels` reads it. Of a kernel with two rows (one slope, or one for each channel) the slower counts."""
    ratios: dict[str, dict[str, KernelSpeed]] = {}
    for row in study.rows:
        speed = ratios.setdefault(row.kernel, {}).get(row.dtype, KernelSpeed(row.kept_bytes, row.kept_bytes_by_torch, {}))
        slower = min(speed.by_elements.get(row.elements, math.inf), round(row.ratio, 3))
        ratios[row.kernel][row.dtype] = dataclasses.replace(speed, by_elements={**speed.by_elements, row.elements: slower})
    machine = study.machine
    return KernelMeasurements(MachineKind(machine.processor, machine.library, 1), machine.torch, ratios)


if __name__ == "__main__":
    sys.exit(main())
