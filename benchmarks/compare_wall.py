"""How long ``reluctant compare`` takes against as many plain runs one after the other, and whether its trial 0 is one of them.

    python benchmarks/compare_wall.py           # some minutes
    python benchmarks/compare_wall.py --bars
    python benchmarks/compare_wall.py --short   # one script, few trials: the same to the bit, nothing timed

Three sound scripts, a perceptron, a convolutional network and a transformer, are compared under two activations and five seeds. The plain
runs are divided into those before and those after, so that a drift of the machine meets both. The scripts get a few more lines at their
end, which write a digest of the trained weights and of the random numbers that would come next.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import description, environment
from reluctant.studies import Study, load_study

CASES = Path(__file__).parent / "cases" / "healthy"

SCRIPTS = {"perceptron": "01_plain_mlp.py", "convolutional": "03_resnet_shared_relu.py", "transformer": "10_transformer_encoder_preln.py"}

ACTIVATIONS, SEEDS = ("leaky_relu", "elu"), 5

BAR = 0.6
"""Of the time of the plain runs, on two cores."""

DIGEST = """
import hashlib, pathlib
_digest = hashlib.sha256(torch.get_rng_state().numpy().tobytes())
for _values in model.state_dict().values():
    _digest.update(_values.numpy().tobytes())
with pathlib.Path("digests.txt").open("a") as _file:
    _file.write(_digest.hexdigest() + "\\n")
"""


@dataclass(frozen=True)
class Compared:
    """One script, compared and run plainly."""

    name: str
    plain_seconds: tuple[float, ...]
    compare_seconds: float
    study: Study
    plain_digests: frozenset[str]
    trial_digests: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Of the time of as many plain runs as there were trials."""
        return self.compare_seconds / (statistics.mean(self.plain_seconds) * len(self.study.results))

    @property
    def identical(self) -> bool:
        """Whether plain runs agree, and exactly one trial ended with their weights: that of the script as it stands under its own seeds."""
        return len(self.plain_digests) == 1 and sum(digest in self.plain_digests for digest in self.trial_digests) == 1

    @property
    def complete(self) -> bool:
        """Whether every trial was run and counts."""
        return len(self.trial_digests) == len(self.study.results) and all(result.counts for result in self.study.results)


def main() -> int:
    """Compare and print; the exit code is 1 where trial 0 differs or a trial is missing, or ``--bars`` is given and missed."""
    options = _parser().parse_args()
    print(description(), flush=True)
    chosen = [name for name in SCRIPTS if name in (options.only or (list(SCRIPTS)[:1] if options.short else SCRIPTS))]
    found = []
    for name in chosen:
        how = (ACTIVATIONS[:1], 2, 2) if options.short else (ACTIVATIONS, SEEDS, options.plain)
        found.append(_compared(name, *how, options.threads))
        _print(found[-1], timed=not options.short)
    if not all(compared.identical and compared.complete for compared in found):
        return 1
    return int(options.bars and not options.short and any(compared.ratio > BAR for compared in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(SCRIPTS), metavar="SCRIPT", help=f"of {', '.join(SCRIPTS)}")
    parser.add_argument("--plain", type=int, default=15, metavar="N", help="plain runs of each script (15, as many as trials)")
    parser.add_argument("--threads", type=int, metavar="N", help="OMP_NUM_THREADS of plain runs and trials (unset, as a user has it)")
    parser.add_argument("--short", action="store_true", help="the perceptron under one activation and two seeds")
    parser.add_argument("--bars", action="store_true", help=f"exit with 1 where a ratio is above {BAR}")
    return parser


def _compared(name: str, activations: Sequence[str], seeds: int, plain: int, threads: int | None) -> Compared:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "train.py").write_text((CASES / SCRIPTS[name]).read_text() + DIGEST)
        seconds = [_timed(["train.py"], folder, threads) for _ in range(plain // 2)]
        before = _digests(folder)
        line = [
            "-m",
            "reluctant",
            "compare",
            "--activation",
            ",".join(activations),
            "--seeds",
            str(seeds),
            "--study",
            "study.json",
            "train.py",
        ]
        compare_seconds = _timed(line, folder, threads)
        trials = _digests(folder)
        seconds += [_timed(["train.py"], folder, threads) for _ in range(plain - plain // 2)]
        after = _digests(folder)
        return Compared(name, tuple(seconds), compare_seconds, load_study(folder / "study.json"), frozenset(before + after), trials)


def _timed(arguments: Sequence[str], folder: Path, threads: int | None) -> float:
    """Seconds of one python process; without `threads`, with as many as it likes."""
    surroundings = {name: value for name, value in environment().items() if name not in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    if threads is not None:
        surroundings["OMP_NUM_THREADS"] = str(threads)
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=surroundings, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - begun


def _digests(folder: Path) -> tuple[str, ...]:
    """What the runs since the last call have written."""
    file = folder / "digests.txt"
    written = tuple(file.read_text().split())
    file.unlink()
    return written


def _print(compared: Compared, timed: bool) -> None:
    same = "the same to the bit" if compared.identical else "NOT the same to the bit"
    trials = f"{len(compared.study.results)} trials{'' if compared.complete else ', NOT all of which count'}"
    print(f"{compared.name} ({SCRIPTS[compared.name]}): {trials}; trial 0 and plain python: {same}", flush=True)
    if timed:
        plain = statistics.mean(compared.plain_seconds)
        spread = f"{min(compared.plain_seconds):.1f} to {max(compared.plain_seconds):.1f}"
        print(f"  a plain run {plain:.1f} s ({spread}), compare {compared.compare_seconds:.1f} s: ratio {compared.ratio:.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
