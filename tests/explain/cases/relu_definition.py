"""Claim 3 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reluctant.explain import Verdict
from reluctant.explain.relu_definition import Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    assert {spelling.outputs for spelling in measured.spellings} == {(0.0, 2.0, 0.0, 4.0)}
    at_zero = {spelling.code: spelling.at_zero for spelling in measured.spellings}
    assert (at_zero["F.relu(x)"], at_zero["x.clamp(min=0)"], at_zero["torch.maximum(x, 0)"]) == (0.0, 1.0, 0.5)
    shares = {zeros.setting: zeros.exact / zeros.inputs for zeros in measured.zeros}
    assert shares["default"] < 1e-4 < 0.2 < shares["blank"]


def cases(measured: Measured) -> Iterator[Case]:
    yield Case("they agree", with_first(measured, all_of_them=True, at_zero=0.0), Verdict.HOLDS)
    yield Case("they disagree", with_first(measured, at_zero=0.25), Verdict.CONDITIONS)
    yield Case("a subgradient above 1", with_first(measured, at_zero=1.01), Verdict.NOT_HERE)
    yield Case("a subgradient below 0", with_first(measured, at_zero=-0.01), Verdict.NOT_HERE)
    yield Case("another output", with_first(measured, outputs=(0.0, 2.0, -0.03, 4.0)), Verdict.NOT_HERE)
    yield Case("another slope below", with_first(measured, below=0.01), Verdict.NOT_HERE)
    yield Case("another slope above", with_first(measured, above=0.99), Verdict.NOT_HERE)


def with_first(measured: Measured, all_of_them: bool = False, **changes: Any) -> Measured:
    first, *others = measured.spellings
    changed = [replace(first, **changes), *(replace(one, **changes) if all_of_them else one for one in others)]
    return replace(measured, spellings=tuple(changed))
