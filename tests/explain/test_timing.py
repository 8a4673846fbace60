"""Times are taken in turned order."""

from __future__ import annotations

import time

import pytest

from reluctant.explain._timing import interleaved


def test_times_are_taken_in_turn_and_compared_within_a_round(monkeypatch):
    calls: list[str] = []
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def call(name: str, seconds: float):
        def wait() -> None:
            nonlocal now
            calls.append(name)
            now += seconds

        return wait

    found = {timing.name: timing for timing in interleaved({"short": call("short", 1e-3), "long": call("long", 4e-3)}, "short", 6, seed=0)}
    assert found["short"].relative.median == 1.0
    assert found["long"].relative.median == pytest.approx(4.0)
    assert found["long"].seconds.count == 6
    rounds = calls[-12:]
    assert all({*rounds[index : index + 2]} == {"short", "long"} for index in range(0, 12, 2))
    assert len({tuple(rounds[index : index + 2]) for index in range(0, 12, 2)}) == 2, "the order changes"
