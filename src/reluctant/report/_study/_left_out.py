"""What does not count in a study, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reluctant.numbers import plural
from reluctant.studies import Compared, Result, Study, trials_left

from .._safe_text import safe, visible

LONGEST_WORDS = 40
"""Lines of what a failed script wrote last."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One trial that did not end well, with what its script wrote last to standard error."""

    seed: int
    ending: str
    counts: bool
    """Whether it counts all the same, as one that ended at the worst level."""
    last_words: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An arm of which less is known than was planned."""

    name: str
    note: str
    failures: tuple[Failure, ...]


def left_out(study: Study, found: Sequence[Compared]) -> tuple[LeftOut, ...]:
    """The arms with trials that were not counted, that ended badly or that did not run, in the order of the plan."""
    made = [LeftOut(safe(arm.arm), safe(arm.note), tuple(_failures(study, arm.arm))) for arm in found]
    return tuple(entry for entry in made if entry.note or entry.failures)


def not_run(study: Study) -> str:
    """How many trials did not run for want of time, as a sentence; empty where all did."""
    left = trials_left(study)
    return f"{plural(left, 'trial')} did not run for want of time." if left else ""


def _failures(study: Study, arm: str) -> Iterator[Failure]:
    for seed, result in sorted(study.of(arm).items()):
        if result.ending != "ended":
            yield Failure(seed, result.ending, result.counts, _last_words(result))


def _last_words(result: Result) -> str:
    lines = result.last_words.rstrip().splitlines()[-LONGEST_WORDS:]
    return "\n".join(visible(line.expandtabs(4)) for line in lines)
