"""A timeline keeps its beginning, its end, and an even choice of what lies between, in bounded memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluctant.observe._timeline import Timeline


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, 3000), capacity=st.integers(8, 64), first=st.integers(0, 6))
def test_it_is_bounded_and_ends_with_the_latest(length: int, capacity: int, first: int) -> None:
    timeline: Timeline[int] = Timeline(capacity, first)
    for entry in range(length):
        timeline.append(entry)
    entries = timeline.entries()
    assert len(entries) <= capacity
    assert list(entries) == sorted(set(entries))
    assert entries[:first] == tuple(range(min(first, length)))
    assert entries[-1:] == ((length - 1,) if length else ())
    assert timeline.last == (length - 1 if length else None)


@pytest.mark.parametrize("length", [10, 191, 192, 193, 1000, 100_000])
def test_what_it_keeps_is_even(length: int) -> None:
    timeline: Timeline[int] = Timeline()
    for entry in range(length):
        timeline.append(entry)
    entries = timeline.entries()
    gaps = [b - a for a, b in pairwise(entries[16:])]
    inner = gaps[:-1]
    assert length < 192 or len(entries) >= 96
    assert not inner or max(inner) <= 2 * min(inner)


def test_equal_entries_are_kept_apart() -> None:
    timeline: Timeline[str] = Timeline(8, 2)
    for _ in range(5):
        timeline.append("same")
    assert timeline.entries() == ("same",) * 5
