"""Measuring keeps its budget on any clock, and a run is seen to its end however long it turns out to be."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluctant.observe import _schedule
from reluctant.observe._schedule import FIRST, FORCED, WIDEST, Schedule


@dataclass
class Clock:
    """Time that passes only when it is told to."""

    now: float = 100.0

    def perf_counter(self) -> float:
        return self.now


@dataclass
class Simulated:
    """What became of a simulated run."""

    schedule: Schedule
    seconds: float
    measured: dict[Hashable, list[int]] = field(default_factory=dict)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_schedule, "time", clock)
    return clock


def simulate(clock: Clock, passes: int, pass_seconds: float, cost: float, lines: int = 1, before: float = 0.0) -> Simulated:
    """A run of `passes` from each of `lines` lines in turn, each pass of this length, each measurement of this cost."""
    schedule = Schedule(0.03, 2.0)
    clock.now += before
    begin = clock.now
    measured: dict[Hashable, list[int]] = {line: [] for line in range(lines)}
    for index in range(passes):
        for line in range(lines):
            due = schedule.due()
            wanted = schedule.counts(line)
            assert due or not wanted
            if wanted:
                measured[line].append(index)
                schedule.spent += cost
                clock.now += cost
            clock.now += pass_seconds
    return Simulated(schedule, clock.now - begin, measured)


@pytest.mark.parametrize(("pass_seconds", "relative_cost"), [(0.0005, 5), (0.0005, 0.5), (0.005, 5), (0.005, 1), (0.05, 1), (0.05, 0.3)])
def test_the_budget_is_kept_over_a_minute(clock: Clock, pass_seconds: float, relative_cost: float) -> None:
    run = simulate(clock, int(60 / pass_seconds), pass_seconds, relative_cost * pass_seconds)
    assert run.schedule.spent / run.seconds <= 0.03
    assert run.schedule.overhead_share() == pytest.approx(run.schedule.spent / run.seconds, rel=0.01)


def test_what_must_be_measured_beyond_the_budget_is_little(clock: Clock) -> None:
    run = simulate(clock, 12_000, 0.005, 0.5)
    beyond = [index for index in run.measured[0] if index > FIRST]
    assert len(beyond) <= 34  # log(12000 / 16) / log(1.25), and what the budget pays for


@settings(max_examples=50, deadline=None)
@given(passes=st.integers(1, 4000), pass_ms=st.floats(0.1, 100), cost_ms=st.floats(0.01, 1000))
def test_any_run_is_seen_to_its_end(passes: int, pass_ms: float, cost_ms: float) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_schedule, "time", clock)
        run = simulate(clock, passes, pass_ms / 1000, cost_ms / 1000)
    assert run.measured[0][:FORCED] == list(range(min(FORCED, passes)))
    assert run.measured[0][-1] >= (passes - 1) / WIDEST - 2
    assert all(later <= WIDEST * earlier + 2 for earlier, later in pairwise(run.measured[0]))


@pytest.mark.parametrize("passes", [10, 30, 100, 300])
def test_a_short_run_of_cheap_passes_is_seen_densely(clock: Clock, passes: int) -> None:
    run = simulate(clock, passes, 0.001, 0.001)
    assert run.measured[0][: min(passes, FIRST)] == list(range(min(passes, FIRST)))
    assert run.measured[0][-1] >= passes - 1 - max(1, 0.07 * passes)


def test_each_line_has_its_own_turn(clock: Clock) -> None:
    run = simulate(clock, 500, 0.002, 0.002, lines=3)
    for measured in run.measured.values():
        assert measured[:FORCED] == list(range(FORCED))
        assert measured[-1] >= 500 / WIDEST - 2


def test_the_number_of_measured_passes_grows_as_a_logarithm(clock: Clock) -> None:
    counts = [len(simulate(clock, passes, 0.01, 0.0001).measured[0]) for passes in (1_000, 10_000, 100_000)]
    assert counts[1] - counts[0] == pytest.approx(counts[2] - counts[1], abs=8)
    assert counts[2] < 200


def test_denser_while_units_are_undecided(clock: Clock) -> None:
    sparse, dense = Schedule(0.03, 2.0), Schedule(0.03, 2.0)
    dense.dense = True
    assert sum(dense.counts(0) for _ in range(3000)) > 1.5 * sum(sparse.counts(0) for _ in range(3000))


def test_a_long_start_buys_nothing(clock: Clock) -> None:
    early = simulate(clock, 2000, 0.005, 0.05)
    late = simulate(clock, 2000, 0.005, 0.05, before=500)
    assert early.measured == late.measured


def test_a_pass_that_could_not_be_measured_is_made_up_for(clock: Clock) -> None:
    schedule = Schedule(0.03, 2.0)
    clock.now += 1
    wanted = [index for index in range(100) if schedule.counts(0)]
    at = next(index for index in range(100, 200) if schedule.counts(0))
    schedule.postpone(0)
    assert schedule.due()
    assert schedule.counts(0)
    assert at > wanted[-1] + 1


def test_nothing_measured_costs_nothing(clock: Clock) -> None:
    schedule = Schedule(0.03, 2.0)
    clock.now += 10
    assert schedule.due()
    assert schedule.affordable()
    assert schedule.overhead_share() == 0
