"""Lines on a terminal, places on an axis, and times in turned order."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from reluctant.explain import Axis
from reluctant.explain._ticks import ticks
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


@pytest.mark.parametrize(
    ("axis", "written"),
    [
        (Axis("", 0, 100), ["0", "20", "40", "60", "80", "100"]),
        (Axis("", -1, 1), ["−1.0", "−0.5", "0", "0.5", "1.0"]),
        (Axis("", 0, 1), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (Axis("", 0, 0.05), ["0", "0.01", "0.02", "0.03", "0.04", "0.05"]),
        (Axis("", 1e-4, 10, log=True), ["10^−4", "0.01", "1"]),
    ],
)
def test_ticks_stand_at_round_places(axis, written):
    found = ticks(axis, 6 if not axis.log else 5)
    assert [text for _, text in found] == written
    assert all(-1e-9 <= axis.share(place) <= 1 + 1e-9 for place, _ in found)


def test_nothing_lies_far_outside_a_logarithmic_axis():
    axis = Axis("", 0.01, 100, log=True)
    assert (axis.share(0.01), axis.share(1), axis.share(100)) == pytest.approx((0, 0.5, 1))
    assert axis.share(0.0) < -10


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
