"""How trials share this machine's cores."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace

import pytest

from reluctant.studies import OUTPUT, UNTREATED, Arm, Ended, Job, Plan, PlannedTrial, executor, job
from reluctant.studies.executors import local

SEEN = """
import os, sys, time
begun = time.time()
time.sleep(0.5)
open(sys.argv[1], 'w').write(repr((os.environ.get('OMP_NUM_THREADS'), begun, time.time())))
"""


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Four jobs, of which the second must be alone, on a machine of eight cores."""
    monkeypatch.setattr(local, "cores", lambda: 8)
    for name in local.THREADS:
        monkeypatch.delenv(name, raising=False)
    made = [Job(PlannedTrial("seen", seed), (sys.executable, "-c", SEEN, OUTPUT), 60.0) for seed in range(4)]
    return [*made[:1], replace(made[1], alone=True), *made[2:]]


def seen(endings: list[Ended]) -> dict[int, tuple[str | None, float, float]]:
    return {ended.trial.seed: ast.literal_eval(ended.recording.decode()) for ended in endings}


def overlap(one: tuple[str | None, float, float], other: tuple[str | None, float, float]) -> bool:
    return max(one[1], other[1]) < min(one[2], other[2])


def test_the_cores_are_shared_out_but_one_that_must_be_alone_has_them_all(jobs):
    found = seen(list(executor("local", 2).run(jobs)))
    assert [found[seed][0] for seed in range(4)] == ["4", None, "4", "4"]
    assert not any(overlap(found[1], found[seed]) for seed in (0, 2, 3))
    assert overlap(found[2], found[3])


@pytest.mark.parametrize("given", local.THREADS)
def test_what_the_environment_says_of_threads_stands_and_nothing_has_to_wait(jobs, given, monkeypatch):
    monkeypatch.setenv(given, "3")
    found = seen(list(executor("local", 2).run(jobs)))
    assert {threads for threads, _, _ in found.values()} == {"3" if given == "OMP_NUM_THREADS" else None}
    assert overlap(found[0], found[1])


def test_one_at_a_time_has_all_cores_anyway(jobs):
    found = seen(list(executor("local", 1).run(jobs)))
    assert {threads for threads, _, _ in found.values()} == {None}


def test_the_script_as_it_stands_under_its_own_seeds_must_be_alone():
    plan = Plan("train.py", arms=(Arm("elu"),))
    assert [job(plan, PlannedTrial(arm, seed)).alone for arm in (UNTREATED, "elu") for seed in (0, 1)] == [True, False, False, False]
