"""What being watched costs a training run, at default settings.

    python benchmarks/overhead.py              # at least 60 s a run, 5 pairs a workload: about half an hour
    python benchmarks/overhead.py --short      # a few steps: that it works, not what it costs

Each run is a process of its own that makes a fixed number of steps and times its training loop itself. Plain and watched runs
follow one another, the order turned round from pair to pair, all on one core with one thread, so that a
drift of the machine's speed falls on both. The ratio of a pair is watched by plain time of a step; a workload's is the
median of its pairs. Processor time stands beside wall-clock time: on a machine that others use as well it is the one to look at.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import description, pin
from process import Ended, plain, watched
from reluctant.recording import Recording, load

WORKLOADS = {
    "wide_mlp": "three hidden layers of 1,024, batch 256",
    "small_cnn": "three convolutions, 64 images of 32 by 32",
    "transformer": "transformer of four layers, 16 sequences of 64",
}

BAR = 1.03
"""Most that the median ratio may be."""


@dataclass(frozen=True)
class Pair:
    """One plain and one watched run of the same steps."""

    plain: Ended
    watched: Ended
    recording: Recording

    @property
    def ratio(self) -> float:
        """Watched by plain wall-clock time of a step."""
        return self.watched.step_ms / self.plain.step_ms

    @property
    def cpu_ratio(self) -> float:
        """Watched by plain processor time of a step."""
        return self.watched.step_cpu_ms / self.plain.step_cpu_ms

    @property
    def measured_ms(self) -> float:
        """What a measured step costs by Reluctant's own account."""
        spent = (self.recording.overhead_share or 0.0) * self.recording.seconds
        return 1000 * spent / max(self.recording.measured_steps, 1)

    @property
    def identical(self) -> bool:
        """Whether both runs came to the same loss and the same weights, to the last bit."""
        return all(self.plain.printed[name] == self.watched.printed[name] for name in ("loss", "weights"))


def main() -> int:
    """Run the pairs and print the table; the exit code is 1 where training differs, or ``--bars`` is given and missed."""
    options = _parser().parse_args()
    print(f"{pin()}; {description()}", flush=True)
    chosen = [name for name in WORKLOADS if not options.only or name in options.only]
    pairs = {name: _short(name) if options.short else _pairs(name, options) for name in chosen}
    print()
    for name, made in pairs.items():
        _print_workload(name, made)
    print(f"\nload at the end: {os.getloadavg()[0]:.1f}")
    if not all(pair.identical for made in pairs.values() for pair in made):
        print("training was not the same, to the bit, with Reluctant as without")
        return 1
    missed = [name for name, made in pairs.items() if _median(made, "ratio") > BAR]
    return 1 if options.bars and missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="pairs of runs a workload (5)")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="least length of the training of a run (60)")
    parser.add_argument("--only", nargs="+", choices=sorted(WORKLOADS), metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--short", action="store_true", help="one pair of a few steps a workload: it works and changes no bit")
    parser.add_argument("--bars", action="store_true", help=f"exit with 1 where a median ratio is above {BAR}")
    return parser


def _pairs(name: str, options: argparse.Namespace) -> list[Pair]:
    """Pairs in turned order: plain, watched, watched, plain, …"""
    steps = _steps(name, options.seconds)
    pairs = []
    for turn in range(options.pairs):
        pair = _pair(name, steps, watched_first=turn % 2 == 1)
        print(f"{name}: {pair.plain.printed['seconds']:.1f} s plain, {pair.watched.printed['seconds']:.1f} s watched", flush=True)
        pairs.append(pair)
    return pairs


def _steps(name: str, seconds: float) -> int:
    """Steps that take `seconds` and a little more, from a trial run."""
    return math.ceil(1.05 * 1000 * seconds / plain(name, steps=50).step_ms)


def _short(name: str) -> list[Pair]:
    return [_pair(name, 6, watched_first=False)]


def _pair(name: str, steps: int, watched_first: bool) -> Pair:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "run.json"
        if watched_first:
            seen, unseen = watched(name, recording, steps=steps), plain(name, steps=steps)
        else:
            unseen, seen = plain(name, steps=steps), watched(name, recording, steps=steps)
        return Pair(unseen, seen, load(recording).recording)


def _median(pairs: Sequence[Pair], quantity: str) -> float:
    return statistics.median(float(getattr(pair, quantity)) for pair in pairs)


def _print_workload(name: str, pairs: Sequence[Pair]) -> None:
    """The figures of one workload, with what is needed to judge them."""
    ratios = [pair.ratio for pair in pairs]
    outside = statistics.median(pair.watched.outside_seconds - pair.plain.outside_seconds for pair in pairs)
    memory = statistics.median(pair.watched.peak_mb - pair.plain.peak_mb for pair in pairs)
    shortest = min(ended.printed["seconds"] for pair in pairs for ended in (pair.plain, pair.watched))
    print(f"{name} ({WORKLOADS[name]})")
    print(f"  ratio         {statistics.median(ratios):.3f} median of {len(pairs)}, {min(ratios):.3f} to {max(ratios):.3f}")
    print(f"  in cpu time   {_median(pairs, 'cpu_ratio'):.3f} median")
    print(f"  step          {statistics.median(pair.plain.step_ms for pair in pairs):.1f} ms plain; shortest run {shortest:.1f} s")
    print(f"  measured      {_measured(pairs)}")
    print(f"  besides       {outside:+.1f} s before and after training (start and report), {memory:+.0f} MB at the peak")
    print(f"  training      {'the same to the bit' if all(pair.identical for pair in pairs) else 'NOT the same to the bit'}", flush=True)


def _measured(pairs: Sequence[Pair]) -> str:
    steps = statistics.median(pair.recording.measured_steps for pair in pairs)
    share = statistics.median(pair.recording.overhead_share or 0.0 for pair in pairs)
    return (
        f"{steps:.0f} of {pairs[0].recording.steps:,} steps, {_median(pairs, 'measured_ms'):.1f} ms each by Reluctant's own account "
        f"({100 * share:.1f} % of the run)"
    )


if __name__ == "__main__":
    sys.exit(main())
