"""The file of an account: what was measured, as JSON, to be shown again in another form or language.

Verdicts, prose and figures are not in it: they follow from the measurements, by the claims that are there when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reluctant.errors import RecordingError
from reluctant.machine import Machine

from ._catalogue import get
from ._outcome import Account, Outcome

FORMAT = 1


@dataclass(frozen=True)
class _Claim:
    name: str
    seconds: float
    measured: msgspec.Raw


@dataclass(frozen=True)
class _Form:
    """The keys of the file."""

    format: int
    reluctant: str
    machine: Machine
    seed: int
    claims: tuple[_Claim, ...]


def dumps(account: Account) -> bytes:
    """The account as JSON, a line for each claim."""
    claims = tuple(
        _Claim(outcome.claim.claim_name(), outcome.seconds, msgspec.Raw(msgspec.json.encode(outcome.measured)))
        for outcome in account.outcomes
    )
    form = msgspec.json.encode(_Form(FORMAT, account.reluctant, account.machine, account.seed, claims))
    return form.replace(b'{"name":"', b'\n{"name":"') + b"\n"


def load(path: str) -> Account:
    """The account that `dumps` made the bytes of. Raises `RecordingError` where the file is not one, or is of another format."""
    advice = "Make one with `reluctant explain -o explain.json`"
    try:
        form = msgspec.json.decode(Path(path).read_bytes(), type=_Form)
        if form.format != FORMAT:
            raise RecordingError(f"its format is {form.format}, and this Reluctant reads {FORMAT}", where=path, advice=advice)
        outcomes = tuple(_outcome(claim, form.seed) for claim in form.claims)
    except OSError as error:
        raise RecordingError(f"it cannot be read: {(error.strerror or type(error).__name__).lower()}", where=path, advice=advice) from error
    except msgspec.DecodeError as error:
        raise RecordingError(f"it holds no measurements of claims: {error}", where=path, advice=advice) from error
    return Account(form.reluctant, form.machine, form.seed, outcomes)


def _outcome(saved: _Claim, seed: int) -> Outcome:
    claim: Any = get(saved.name)
    return Outcome(claim(seed=seed), msgspec.json.decode(saved.measured, type=claim.measurement), saved.seconds)
