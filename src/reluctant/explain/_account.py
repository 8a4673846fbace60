"""An account: claims, what came out when they were run, and the file that keeps it.

Verdicts, prose and figures are not in the file: they follow from the measurements, by the claims that are there when it is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reluctant import __version__
from reluctant.errors import RecordingError
from reluctant.instrument.threads import one_thread
from reluctant.machine import Machine, this_machine

from ._catalogue import get
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


def account(claims: Sequence[Claim[Any]], seed: int = 0, notify: Callable[[Outcome], None] | None = None) -> Account:
    """Run the claims one after another; `notify` is given each as it is done."""
    machine, outcomes = this_machine(), list[Outcome]()
    for claim in claims:
        outcomes.append(measured(claim))
        if notify is not None:
            notify(outcomes[-1])
    return Account(__version__, machine, seed, tuple(outcomes))


FORMAT = 1


@dataclass(frozen=True)
class _SavedClaim:
    name: str
    seconds: float
    measured: msgspec.Raw


@dataclass(frozen=True)
class _SavedAccount:
    """The file."""

    format: int
    reluctant: str
    machine: Machine
    seed: int
    claims: tuple[_SavedClaim, ...]


def dumps(account: Account) -> bytes:
    """The account as JSON, a line for each claim."""
    claims = tuple(
        _SavedClaim(outcome.claim.claim_name(), outcome.seconds, msgspec.Raw(msgspec.json.encode(outcome.measured)))
        for outcome in account.outcomes
    )
    form = msgspec.json.encode(_SavedAccount(FORMAT, account.reluctant, account.machine, account.seed, claims))
    return form.replace(b'{"name":"', b'\n{"name":"') + b"\n"


def load(path: str) -> Account:
    """The account that `dumps` made the bytes of. Raises `RecordingError` where the file is not one, or is of another format."""
    advice = "Make one with `reluctant explain -o explain.json`"
    try:
        form = msgspec.json.decode(Path(path).read_bytes(), type=_SavedAccount)
        if form.format != FORMAT:
            raise RecordingError(f"its format is {form.format}, and this Reluctant reads {FORMAT}", where=path, advice=advice)
        outcomes = tuple(_outcome(claim, form.seed) for claim in form.claims)
    except OSError as error:
        raise RecordingError(f"it cannot be read: {(error.strerror or type(error).__name__).lower()}", where=path, advice=advice) from error
    except msgspec.DecodeError as error:
        raise RecordingError(f"it holds no measurements of claims: {error}", where=path, advice=advice) from error
    return Account(form.reluctant, form.machine, form.seed, outcomes)


def _outcome(saved: _SavedClaim, seed: int) -> Outcome:
    claim: Any = get(saved.name)
    return Outcome(claim(seed=seed), msgspec.json.decode(saved.measured, type=claim.measurement), saved.seconds)
