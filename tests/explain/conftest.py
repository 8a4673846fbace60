"""What the tests of the explanation share: each claim measured once in its short form, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from reluctant.explain import Account, Outcome, account, all_claims
from reluctant.explain._outcome import measured


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; where there is none, the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'reluctant[test]'")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium was found on the PATH")
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found)
        yield running
        running.close()
