"""Claim 5 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from reluctant.explain import Verdict
from reluctant.explain._spread import spread
from reluctant.explain.cost import FLOOR, MUCH, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    timings = [timing for place in measured.places for timing in place.timings]
    assert all(0 < timing.seconds.least <= timing.seconds.largest < inf for timing in timings), "which is faster is this machine's"
    assert {timing.relative.median for timing in timings if timing.name == "relu"} == {1.0}


def cases(measured: Measured) -> Iterator[Case]:
    yield Case("much everywhere", with_ratio(measured, MUCH), Verdict.HOLDS)
    yield Case("much nowhere", with_ratio(measured, 0.99 * MUCH), Verdict.NOT_HERE)
    one = with_ratio(measured, 0.99 * MUCH, but={"gelu": MUCH})
    yield Case("one of them", one, Verdict.CONDITIONS)
    yield Case("an interval that reaches below", with_ratio(measured, 3.0, low=0.99 * MUCH), Verdict.NOT_HERE)


def with_ratio(measured: Measured, ratio: float, low: float | None = None, but: dict[str, float] | None = None) -> Measured:
    """All but ReLU and the floor take `ratio` times ReLU's time."""
    places = []
    for place in measured.places:
        timings = []
        for timing in place.timings:
            if timing.name not in ("relu", FLOOR):
                own = (but or {}).get(timing.name, ratio)
                timing = replace(timing, relative=replace(spread([own] * 7), low=low or own))
            timings.append(timing)
        places.append(replace(place, timings=tuple(timings)))
    return replace(measured, places=tuple(places))
