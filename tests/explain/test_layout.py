"""Lines on a terminal, and times in turned order."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from reluctant.explain._timing import interleaved
from reluctant.explain._wrap import wrap

ENGLISH = "Stacked linear layers are one linear layer: at any depth they draw one straight line, and 88.8 % is the best."
CHINESE = "多个线性层叠在一起仍是一个线性层：无论多深，它们只能画出一条直线，最好的也只有 88.8 % 正确（双月）。"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("width", [20, 33, 50, 80])
def test_lines_are_filled_and_nothing_is_lost(text, width):
    lines = wrap(text, width, "- ", "  ")
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(line[2:] for line in lines).replace(" ", "") == text.replace(" ", "")
    assert sum(map(cell_len, lines[:-1])) > 0.6 * width * len(lines[:-1])


def test_nothing_that_closes_begins_a_line():
    for width in range(12, 60):
        for line in wrap(CHINESE, width):
            assert line[0] not in "，。；：、）%"


def test_a_word_longer_than_the_line_stays_whole():
    assert wrap("a torch.nn.functional.leaky_relu b", 10) == ["a", "torch.nn.functional.leaky_relu", "b"]


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
