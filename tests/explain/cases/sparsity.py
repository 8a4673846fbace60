"""Claim 6 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from statistics import mean

from reluctant.explain import Verdict
from reluctant.explain._spread import spread
from reluctant.explain.sparsity import SPARSE, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    relu, leaky, tanh = measured.courses
    for layer in relu.zeros:
        assert 0.4 < layer[0].median < 0.6, "half of a symmetric input is negative"
        assert layer[-1].median > 0.2
    assert all(moment.largest < 0.01 for course in (leaky, tanh) for layer in course.zeros for moment in layer)
    assert mean(relu.correlation) < mean(tanh.correlation)
    assert all(0 < one.relative.least <= one.relative.largest < inf for one in measured.skipping), "whether it pays is this machine's"


def cases(measured: Measured) -> Iterator[Case]:
    ideal = with_skipping(with_twins(with_zeros(measured, SPARSE), correlation=-0.1, error=-0.1), 0.9)
    yield Case("all four", ideal, Verdict.HOLDS)
    yield Case("not sparse", with_zeros(ideal, 0.99 * SPARSE), Verdict.NOT_HERE)
    yield Case("skipping takes as long", with_skipping(ideal, 1.0), Verdict.CONDITIONS)
    yield Case("correlation as before", with_twins(ideal, correlation=0.0, error=-0.1), Verdict.CONDITIONS)
    yield Case("errors as before", with_twins(ideal, correlation=-0.1, error=0.0), Verdict.CONDITIONS)
    yield Case("errors higher", with_twins(ideal, correlation=-0.1, error=0.1), Verdict.CONDITIONS)


def with_zeros(measured: Measured, share: float) -> Measured:
    """ReLU's layers with this share of zeros at the end."""
    relu, *others = measured.courses
    layers = tuple((*layer[:-1], spread([share] * measured.seeds)) for layer in relu.zeros)
    return replace(measured, courses=(replace(relu, zeros=layers), *others))


def with_twins(measured: Measured, correlation: float, error: float) -> Measured:
    """ReLU's correlation and errors differ from its twins' by this on every seed."""
    relu, *others = measured.courses
    seeds = measured.seeds
    twins = (replace(twin, correlation=(0.5,) * seeds, error=(0.5,) * seeds) for twin in others)
    return replace(measured, courses=(replace(relu, correlation=(0.5 + correlation,) * seeds, error=(0.5 + error,) * seeds), *twins))


def with_skipping(measured: Measured, relative: float) -> Measured:
    return replace(measured, skipping=tuple(replace(one, relative=spread([relative] * 7)) for one in measured.skipping))
