"""How large a recording grows with the network and with the run, and how long its report takes.

    python benchmarks/scale.py           # some minutes
    python benchmarks/scale.py --short   # a tenth of the steps and less

Deep, broad and long networks are trained under Reluctant, each also for a tenth of the steps: a recording grows ever
more slowly with them, and up to a bound. What cannot be trained here in minutes, 200 layers of 10,000 units for 100,000
steps, is put together from the records that were observed, every one filled to its bound. A script that builds one
model after another, and one whose graph is another at every step, must not make the process grow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fullest import fullest, longest
from machine import description, environment
from memory_size import memory_bytes
from process import Ended, plain, watched
from reluctant.recording import Document, Recording, load, save

LAYERS, UNITS, STEPS = 200, 10_000, 100_000
"""The size that is asked for."""

WORKLOADS = {"deep_mlp": 2_000, "broad_layers": 300, "many_steps": STEPS, "many_models": 10_000, "changing_graphs": 5_000}
"""Steps of each."""

SHORT = {"deep_mlp": 20, "broad_layers": 10, "many_steps": 2_000}

REPORT_SECONDS = 10.0
"""A report takes at most so long, start of python included."""
GROWTH = 3.0
"""With ten times the steps a recording is at most so many times as large: moments are kept ever further apart, up to their bound."""
PEAK_GROWTH_MB = 30.0
"""With ten times the steps the process takes at most so much more, beyond what plain python takes more."""


@dataclass(frozen=True)
class Size:
    """How large one recording is."""

    name: str
    recording: Recording
    memory: int
    """Bytes as data in Python."""
    disk: int
    """Bytes of its file."""
    report_seconds: float
    """``reluctant report``, start of python included."""


@dataclass(frozen=True)
class Trained:
    """One workload, trained for all its steps and for a tenth of them."""

    size: Size
    tenth: Size | None
    peak_mb: float
    """Memory of the process beyond that of plain python."""
    peak_growth_mb: float
    """How much more of it ten times the steps take."""


def main() -> int:
    """Train, measure, print; the exit code is 1 where a bound does not hold, or ``--bars`` is given and one is missed."""
    options = _parser().parse_args()
    print(description(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        trained = []
        for name, steps in (SHORT if options.short else WORKLOADS).items():
            trained.append(_short(name, steps, Path(folder)) if options.short else _trained(name, steps, Path(folder)))
            _print_trained(trained[-1])
        full = _fullest(trained, Path(folder))
    _print_bounds(full)
    broken = [text for text, holds in _bounds([*(entry.size for entry in trained), full]) if not holds]
    missed = [text for text, holds in _bars(trained, full) if not holds]
    for text in (*broken, *missed):
        print(f"NOT HELD: {text}")
    return 1 if broken or (options.bars and missed) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few steps, and no comparison over time")
    parser.add_argument("--bars", action="store_true", help="exit with 1 where a size or a time is above its bar")
    return parser


def _trained(name: str, steps: int, folder: Path) -> Trained:
    """Train for a tenth of the steps and for all of them, watched and not."""
    few, few_size = _watched(name, steps // 10, folder)
    all_, size = _watched(name, steps, folder)
    few_plain, all_plain = plain(name, steps=steps // 10), plain(name, steps=steps)
    extra, extra_few = all_.peak_mb - all_plain.peak_mb, few.peak_mb - few_plain.peak_mb
    return Trained(size, few_size, extra, extra - extra_few)


def _short(name: str, steps: int, folder: Path) -> Trained:
    return Trained(_watched(name, steps, folder)[1], None, 0.0, 0.0)


def _watched(name: str, steps: int, folder: Path) -> tuple[Ended, Size]:
    file = folder / f"{name}-{steps}.json"
    ended = watched(name, file, steps=steps)
    return ended, _size(f"{name}, {steps:,} steps", file)


def _size(name: str, file: Path) -> Size:
    document = load(file)
    begin = time.perf_counter()
    line = [sys.executable, "-m", "reluctant", "report", str(file)]
    subprocess.run(line, env=environment(), check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    return Size(name, document.recording, memory_bytes(document), file.stat().st_size, seconds)


def _fullest(trained: Sequence[Trained], folder: Path) -> Size:
    """The size of the fullest recording, made from the observed one with the longest records."""
    source = max((entry.size.recording for entry in trained), key=lambda recording: longest(recording)["moments"][0])
    file = folder / "fullest.json"
    save(Document(fullest(source, LAYERS, UNITS, STEPS)), file)
    return _size(f"fullest: {LAYERS} layers of {UNITS:,} units, {STEPS:,} steps", file)


def _print_trained(entry: Trained) -> None:
    _print_size(entry.size)
    if entry.tenth is not None:
        growth = entry.size.disk / entry.tenth.disk
        print(f"  with a tenth of the steps {_mb(entry.tenth.memory)} in memory, {_mb(entry.tenth.disk)} on disk: {growth:.2f} times")
        print(f"  process {entry.peak_mb:+.0f} MB against plain python, {entry.peak_growth_mb:+.0f} MB of them with the steps", flush=True)


def _print_size(size: Size) -> None:
    recording = size.recording
    counts = f"{len(recording.sites)} sites, {len(recording.layers)} layers, {len(recording.parameters)} parameters"
    moments = longest(recording)["moments"][0]
    print(f"\n{size.name}\n  recording {_mb(size.memory)} in memory, {_mb(size.disk)} on disk ({counts}, up to {moments} moments each)")
    print(f"  report in {size.report_seconds:.1f} s", flush=True)


def _print_bounds(full: Size) -> None:
    """What each part of a recording takes at most."""
    _print_size(full)
    recording = full.recording
    parts = {"a site": recording.sites[0], "a layer": recording.layers[0], "a parameter": recording.parameters[0]}
    parts |= {"a node of a graph": recording.graphs[0].nodes[1], "a loss curve": recording.loss_curves[0]}
    print("\nat most, whatever the units and the steps:")
    for name, part in parts.items():
        print(f"  {name:<18}{memory_bytes(part) / 1000:6.1f} kB in memory, {len(msgspec.json.encode(part)) / 1000:6.1f} kB on disk")


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def _bounds(sizes: Sequence[Size]) -> Iterator[tuple[str, bool]]:
    """What must hold of every recording, by its construction."""
    for size in sizes:
        for what, (length, bound) in longest(size.recording).items():
            yield f"{size.name}: {length} {what}, at most {bound}", length <= bound


def _bars(trained: Sequence[Trained], full: Size) -> Iterator[tuple[str, bool]]:
    for size in (*(entry.size for entry in trained), full):
        yield f"{size.name}: report within {REPORT_SECONDS:.0f} s", size.report_seconds <= REPORT_SECONDS
    for entry in trained:
        if entry.tenth is not None:
            name = entry.size.name
            yield f"{name}: at most {GROWTH} times the recording of a tenth", entry.size.disk <= GROWTH * entry.tenth.disk
            yield f"{name}: at most {PEAK_GROWTH_MB:.0f} MB more than with a tenth", entry.peak_growth_mb <= PEAK_GROWTH_MB


if __name__ == "__main__":
    sys.exit(main())
