"""Claim 2 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from reluctant.explain import Verdict
from reluctant.explain.universal_approximation import CLOSE, FAR, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    for built in measured.built:
        if built.activation == "knots":
            assert all(later < earlier for earlier, later in pairwise(built.errors[1:]))
            assert 3.5 < built.errors[-2] / built.errors[-1] < 4.5  # half the distance, a quarter of the error
        elif built.activation in ("square", "identity"):
            assert built.errors[-1] > 0.9 * built.errors[1] > 0.5
        else:
            assert built.errors[-1] < 0.05
    widths = sorted({found.width for found in measured.trained})
    for found in measured.trained:
        assert len(found.kinks) <= found.width or found.depth > 1, "one layer has at most one kink for each unit"
        if found.width == widths[-1]:
            narrow = next(o for o in measured.trained if (o.curve, o.depth, o.width) == (found.curve, found.depth, widths[0]))
            assert min(found.errors) < min(narrow.errors)


def cases(measured: Measured) -> Iterator[Case]:
    ideal = with_trained(with_built(with_built(measured, "square", 0.0), "identity", 0.0), error=0.0, outside=0.0)
    yield Case("no condition found", ideal, Verdict.HOLDS)
    yield Case("just close enough", with_built(ideal, "knots", CLOSE), Verdict.HOLDS)
    yield Case("just not close", with_built(ideal, "knots", 1.01 * CLOSE), Verdict.NOT_HERE)
    yield Case("polynomials nearly far", with_built(ideal, "square", 0.99 * FAR), Verdict.HOLDS)
    yield Case("polynomials far", with_built(ideal, "square", FAR), Verdict.CONDITIONS)
    yield Case("nearly far outside", with_trained(ideal, error=0.0, outside=0.99 * FAR), Verdict.HOLDS)
    yield Case("far outside", with_trained(ideal, error=0.0, outside=FAR), Verdict.CONDITIONS)
    yield Case("found by training", with_trained(ideal, error=CLOSE, outside=0.0), Verdict.HOLDS)
    yield Case("not found by training", with_trained(ideal, error=1.01 * CLOSE, outside=0.0), Verdict.CONDITIONS)
    stuck = tuple(replace(one, errors=(CLOSE,) * len(one.errors)) if one.activation == "knots" else one for one in ideal.built)
    yield Case("more units gain nothing", replace(ideal, built=stuck), Verdict.NOT_HERE)


def with_built(measured: Measured, activation: str, last: float) -> Measured:
    changed = (replace(one, errors=(*one.errors[:-1], last)) if one.activation == activation else one for one in measured.built)
    return replace(measured, built=tuple(changed))


def with_trained(measured: Measured, error: float, outside: float) -> Measured:
    changed = (replace(one, errors=(error,) * len(one.errors), outside=outside) for one in measured.trained)
    return replace(measured, trained=tuple(changed))
