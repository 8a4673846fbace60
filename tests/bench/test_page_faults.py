"""Readings that page faults fell on are taken again."""

from __future__ import annotations

import mmap
import sys

import pytest

from reluctant.bench._timing import ATTEMPTS, FEW_FAULTS, _once

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="page faults are not counted there")


def faulting(calls: list[int], times: int):
    """A function whose first calls, so many, touch fresh memory."""

    def call() -> None:
        calls.append(1)
        if len(calls) <= times:
            with mmap.mmap(-1, 2 * FEW_FAULTS * mmap.PAGESIZE) as fresh:
                if hasattr(mmap, "MADV_NOHUGEPAGE"):  # a huge page is one fault
                    fresh.madvise(mmap.MADV_NOHUGEPAGE)
                for page in range(0, len(fresh), mmap.PAGESIZE):
                    fresh[page] = 1

    return call


@pytest.mark.parametrize(("times", "wanted"), [(0, 1), (2, 3), (10**9, ATTEMPTS)])
def test_a_reading_is_taken_until_it_is_without_faults(times, wanted):
    calls: list[int] = []
    assert _once(faulting(calls, times), 1) > 0
    assert len(calls) == wanted
