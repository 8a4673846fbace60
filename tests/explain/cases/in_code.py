"""Claim 9 from both sides."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.explain import Verdict
from reluctant.explain.in_code import Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    printed = [[float(number) for number in line.strip("[]").split(",")] for line in measured.output.splitlines()]
    assert printed == [[0.0, 2.0, 0.0, 4.0], [-0.01, 2.0, -0.03, 4.0], [-0.6321, 2.0, -0.9502, 4.0]]


def cases(measured: Measured) -> Iterator[Case]:
    yield Case("as the formulas say", measured, Verdict.HOLDS)
    yield Case("another digit", Measured(measured.output.replace("-0.6321", "-0.6322")), Verdict.NOT_HERE)
