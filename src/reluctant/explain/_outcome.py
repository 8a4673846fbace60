"""Runs claims, and keeps what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reluctant import __version__
from reluctant.instrument.threads import one_thread
from reluctant.machine import Machine, this_machine

from ._claim import Claim, Conclusion


@dataclass(frozen=True, slots=True)
class Outcome:
    """One claim and what its experiment gave here."""

    claim: Claim[Any]
    measured: Any
    """Of the claim's `measurement`."""
    seconds: float

    @property
    def conclusion(self) -> Conclusion:
        """The verdict, by the claim's own rule."""
        return self.claim.judge(self.measured)


@dataclass(frozen=True, slots=True)
class Account:
    """Claims with their outcomes, and where they were measured."""

    reluctant: str
    machine: Machine
    seed: int
    outcomes: tuple[Outcome, ...]

    @property
    def seconds(self) -> float:
        """How long the experiments took together."""
        return sum(outcome.seconds for outcome in self.outcomes)


def measured(claim: Claim[Any]) -> Outcome:
    """Run the experiment of one claim, torch on one thread."""
    with one_thread():
        start = time.perf_counter()
        result = claim.measure()
        return Outcome(claim, result, time.perf_counter() - start)


def account(claims: Sequence[Claim[Any]], seed: int = 0, told: Callable[[Outcome], None] | None = None) -> Account:
    """Run the claims one after another; `told` hears of each as it is done."""
    return Account(__version__, this_machine(), seed, tuple(_each(claims, told)))


def _each(claims: Sequence[Claim[Any]], told: Callable[[Outcome], None] | None) -> Iterable[Outcome]:
    for claim in claims:
        outcome = measured(claim)
        if told is not None:
            told(outcome)
        yield outcome
