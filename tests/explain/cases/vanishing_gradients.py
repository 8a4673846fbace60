"""Claim 4 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reluctant.explain import Verdict
from reluctant.explain._spread import spread
from reluctant.explain.vanishing_gradients import INITIALISATIONS, VANISHES, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    factor = {(found.activation, found.initialisation): found.factor for found in measured.gradients}
    assert factor["sigmoid", "default"].high < 0.2
    assert factor["sigmoid", "he"].high < 0.4
    assert factor["tanh", "default"].high < 0.65
    assert factor["relu", "default"].high < 0.5, "ReLU alone is not enough"
    assert 0.95 < factor["relu", "he"].median < 1.05
    for found in measured.gradients:  # a wide network keeps what mean-field theory says
        assert found.factor.median == pytest.approx(found.predicted_factor, rel=0.08)
        assert found.median[-1] == 1.0


def cases(measured: Measured) -> Iterator[Case]:
    ideal = with_factors(measured, relu=1.0, flat=0.5)
    yield Case("only the flattening ones vanish", ideal, Verdict.HOLDS)
    for share, verdict in ((1.01, Verdict.HOLDS), (0.99, Verdict.CONDITIONS)):
        yield Case(f"ReLU at {share} of the threshold once", with_factors(ideal, relu=share * VANISHES, only="default"), verdict)
        yield Case(f"flat at {2 - share} of it once", with_factors(ideal, flat=(2 - share) * VANISHES, only="he"), verdict)
    yield Case("ReLU vanishes everywhere", with_factors(ideal, relu=0.9), Verdict.NOT_HERE)
    yield Case("nothing vanishes", with_factors(ideal, flat=1.0), Verdict.NOT_HERE)
    unsure = with_factors(ideal, relu=0.9, only="default", high=0.96)
    yield Case("an interval on both sides", unsure, Verdict.HOLDS)


def with_factors(
    measured: Measured, relu: float | None = None, flat: float | None = None, only: str = "", high: float | None = None
) -> Measured:
    """Other factors per layer for ReLU, and for sigmoid and tanh, under one initialisation or all."""
    changed = []
    for found in measured.gradients:
        new = {"relu": relu, "sigmoid": flat, "tanh": flat}.get(found.activation)
        if new is not None and found.initialisation in ([only] if only else INITIALISATIONS):
            found = replace(found, factor=replace(spread([new] * 6), high=high or new))
        changed.append(found)
    return replace(measured, gradients=tuple(changed))
