"""Claim 7 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reluctant.explain import Verdict
from reluctant.explain._spread import spread
from reluctant.explain.dead_units import KILLS, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    gentle, fatal = measured.rates[0], measured.rates[-1]
    assert gentle.gained.median < 0.1
    assert fatal.gained.low > 0.4, "a rate of 10 kills"
    assert fatal.dead_at_end.median > 0.5, "and a gentle one does not revive"
    assert fatal.accuracy.median < gentle.accuracy.median
    for rate in measured.rates:
        assert rate.largest_gradient == 0.0
        assert rate.revived[0] == rate.revived_later[0] == 0
        assert all(len(row) == measured.watched + 1 for layer in rate.life for row in layer)


def cases(measured: Measured) -> Iterator[Case]:
    ideal = with_last(with_all(measured, revived=(0, 0), revived_later=(0, 0), largest_gradient=0.0), gained=spread([KILLS] * 6))
    yield Case("a rate kills, none comes back", ideal, Verdict.HOLDS)
    yield Case("no rate kills", with_all(ideal, gained=spread([0.99 * KILLS] * 6)), Verdict.NOT_HERE)
    yield Case("one of the first layer comes back", with_last(ideal, revived=(1, 0)), Verdict.NOT_HERE)
    yield Case("one of the first layer comes back later", with_last(ideal, revived_later=(1, 0)), Verdict.NOT_HERE)
    yield Case("a gradient reaches a dead unit", with_last(ideal, largest_gradient=1e-30), Verdict.NOT_HERE)
    yield Case("one of the second layer comes back", with_last(ideal, revived=(0, 1)), Verdict.CONDITIONS)
    yield Case("one of the second layer comes back later", with_last(ideal, revived_later=(0, 1)), Verdict.CONDITIONS)


def with_all(measured: Measured, **changes: Any) -> Measured:
    return replace(measured, rates=tuple(replace(rate, **changes) for rate in measured.rates))


def with_last(measured: Measured, **changes: Any) -> Measured:
    *others, last = measured.rates
    return replace(measured, rates=(*others, replace(last, **changes)))
