"""Claim 8 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reluctant.explain import Verdict
from reluctant.explain.variants import RELU, VARIANTS, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    fatal = {(runs.activation, runs.setting): runs for runs in measured.fatal}
    narrow = {runs.activation: runs for runs in measured.narrow}
    highest = max(runs.setting for runs in measured.fatal)
    assert fatal[RELU, highest].dead > 0.6
    assert fatal[RELU, highest].diverged == 0.0, "a dead network is silent"
    assert all(not any(fatal[name, highest].solved) for name in VARIANTS), "no variant survives that rate"
    assert any(fatal[name, highest].diverged > 0.5 for name in VARIANTS)
    assert narrow[RELU].stuck_at_start > 0.5, "born dead"
    assert sum(narrow["elu"].solved) > sum(narrow[RELU].solved) + 2
    assert all(layer.median[0] == 0.25 != layer.median[-1] for layer in measured.slopes), "PReLU learns its slopes"


def cases(measured: Measured) -> Iterator[Case]:
    seeds = measured.seeds
    nobody = with_solved(measured, "fatal narrow", (RELU, *VARIANTS), 0)
    every = with_solved(nobody, "fatal narrow", VARIANTS, seeds)
    yield Case("all better in both", every, Verdict.HOLDS)
    yield Case("none better in either", nobody, Verdict.NOT_HERE)
    yield Case("six of six seeds are enough", with_solved(nobody, "narrow", ("elu",), 6), Verdict.CONDITIONS)
    yield Case("five are not", with_solved(nobody, "narrow", ("elu",), 5), Verdict.NOT_HERE)
    yield Case("worse is not better", with_solved(nobody, "narrow", (RELU,), seeds), Verdict.NOT_HERE)
    yield Case("better in one of both", with_solved(every, "fatal", VARIANTS, 0), Verdict.CONDITIONS)


def with_solved(measured: Measured, settings: str, names: tuple[str, ...], number: int) -> Measured:
    """So many seeds learned with these activations, at every rate or depth of these settings."""
    for setting in settings.split():
        runs = getattr(measured, setting)
        solved = tuple(index < number for index in range(measured.seeds))
        changed = tuple(replace(one, solved=solved) if one.activation in names else one for one in runs)
        measured = replace(measured, **{setting: changed})
    return measured
