"""What the tests of the explanation share: each claim measured once in its short form."""

from __future__ import annotations

from functools import cache

import pytest

from reluctant.explain import Account, Outcome, account, all_claims
from reluctant.explain._account import measured


@cache
def short_outcome(number: int, seed: int = 0) -> Outcome:
    """The claim with this number, measured in its short form; measured once, however often it is asked for."""
    return measured(next(claim for claim in all_claims() if claim.number == number).short(seed))


@pytest.fixture(scope="session")
def short_account() -> Account:
    """All claims, measured in their short forms."""
    made = account([], 0)
    outcomes = tuple(short_outcome(claim.number) for claim in all_claims())
    return Account(made.reluctant, made.machine, made.seed, outcomes)
