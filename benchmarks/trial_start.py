"""What a forked trial saves against one in a new process, in turns.

    python benchmarks/trial_start.py             # five pairs of each script
    python benchmarks/trial_start.py --pairs 2

The trials are those of a comparison: one script, one seed after the other, one at a time. Of each pair one is a fork of a process that has
imported torch, the other a new process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from contextlib import closing
from dataclasses import dataclass

from compare_wall import CASES, SCRIPTS
from machine import description
from reluctant.studies import UNTREATED, Plan, PlannedTrial, executor, job, result_of


@dataclass(frozen=True)
class Pair:
    """One trial, forked and in a new process."""

    forked: float
    """Seconds from its start to its end."""
    new: float
    identical: bool
    """Whether the losses are the same to the bit."""


def main() -> int:
    """Run the pairs and print; the exit code is 1 where losses differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="pairs of each script (5, at least 3)")
    count = max(3, parser.parse_args().pairs)  # fewer trials are not worth a server
    os.environ["OMP_NUM_THREADS"] = "1"
    print(description(), flush=True)
    found = {name: pairs(script, count) for name, script in SCRIPTS.items()}
    for name, made in found.items():
        forked, new = (statistics.median(getattr(pair, kind) for pair in made) for kind in ("forked", "new"))
        same = "the same to the bit" if all(pair.identical for pair in made) else "NOT the same"
        print(f"{name} ({SCRIPTS[name]}): forked {forked:.2f} s, new process {new:.2f} s, medians of {count}; losses {same}")
    return int(not all(pair.identical for made in found.values() for pair in made))


def pairs(script: str, count: int) -> list[Pair]:
    """As many pairs, the forked trial first in one and second in the next."""
    plan = Plan(str(CASES / script))
    jobs = [job(plan, PlannedTrial(UNTREATED, seed)) for seed in range(1, count + 1)]
    made = []
    with closing(executor("local", 1).run(jobs)) as forks:
        for turn, trial in enumerate(jobs):
            if turn % 2:
                (new,) = executor("local", 1).run([trial])
                forked = next(forks)
            else:
                forked = next(forks)
                (new,) = executor("local", 1).run([trial])
            made.append(Pair(forked.seconds, new.seconds, result_of(forked).losses == result_of(new).losses))
    return made


if __name__ == "__main__":
    sys.exit(main())
