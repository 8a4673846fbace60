"""Which trials come next: all of them, or ever fewer arms with ever more seeds (successive halving)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from ._losses import starting_level
from ._paired import bounded
from ._study import UNTREATED, Arm, PlannedTrial, Result, Study, is_free

FIRST_SEEDS = 2
"""Seeds that every arm gets before arms are stopped; each next round has twice as many."""


def due(study: Study) -> tuple[PlannedTrial, ...]:
    """The trials to run next, seed by seed, so that the arms are level whenever it ends; none where the study is complete.

    It follows from the plan and the results alone, so a study that was interrupted goes on as it would have. After the first seed
    an arm whose treatment was not applied, or that failed before its first step, gets no more; if it is the untreated script, none does.
    """
    done = {result.trial for result in study.results}
    for arms, seeds in _rounds(study):
        missing = tuple(trial for trial in _trials(arms, seeds) if trial not in done)
        if missing:
            return missing
    return ()


def trials_left(study: Study) -> int:
    """How many trials are still to come, at most."""
    done = {result.trial for result in study.results}
    wanted = {trial for arms, seeds in _rounds(study) for trial in _trials(arms, seeds)}
    return len(wanted - done)


def stopped_early(study: Study) -> frozenset[str]:
    """The arms that get no further seeds because others did better.

    (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization".) Stopping the worse
    ones can only lose a "better", never make a false one, as long as levels are corrected for all arms that began.
    """
    done = {result.trial for result in study.results}
    going_on: Sequence[str] = ()
    for arms, seeds in _rounds(study):
        going_on = arms
        if any(trial not in done for trial in _trials(arms, seeds)):
            break
    counted = {result.trial.arm for result in study.results if result.counts}
    return frozenset(counted.difference(going_on, [UNTREATED]))


def _trials(arms: Sequence[str], seeds: int) -> list[PlannedTrial]:
    return [PlannedTrial(arm, seed) for seed in range(seeds) for arm in arms]


def _rounds(study: Study) -> Iterator[tuple[Sequence[str], int]]:
    """The arms of each round with the seeds they have at its end. What the results do not decide yet is taken as the plan has it."""
    arms: Sequence[str] = [arm.name for arm in study.plan.all_arms]
    yield arms, 1
    arms = [arm for arm in arms if not _is_futile(study, arm)]
    if UNTREATED not in arms:
        return
    seeds = FIRST_SEEDS
    while study.plan.halving and seeds < study.plan.seeds:
        yield arms, seeds
        arms = [UNTREATED, *_promising(study, arms[1:], seeds)]
        seeds *= 2
    yield arms, study.plan.seeds


def _is_futile(study: Study, arm: str) -> bool:
    """Whether the trial under the first seed says that no other will count either."""
    first = study.of(arm).get(0)
    return first is not None and not first.counts and first.ending in ("ended", "failed")


def _promising(study: Study, arms: Sequence[str], seeds: int) -> list[str]:
    """The better half of the arms of each group after so many seeds; of equals the earlier ones.

    Those come first that were free of the finding they are tried against on more seeds: a lower loss alone cures nothing. Then the
    mean loss at the end decides. An arm without a trial that counts comes last.
    """
    results = {arm: [result for seed, result in study.of(arm).items() if seed < seeds and result.counts] for arm in (UNTREATED, *arms)}
    ceiling = starting_level(result.losses for found in results.values() for result in found)
    scores = {arm: statistics.fmean(bounded(result.losses.end, ceiling) for result in found) for arm, found in results.items() if found}
    freed = {arm.name: _seeds_freed(arm, results[arm.name]) for arm in study.plan.arms if arm.name in arms}
    groups: dict[str, list[str]] = {}
    for arm in study.plan.arms:
        if arm.name in arms:
            groups.setdefault(arm.group, []).append(arm.name)
    ranked = [sorted(group, key=lambda arm: (-freed[arm], scores.get(arm, math.inf))) for group in groups.values()]
    kept = {arm for group in ranked for arm in group[: math.ceil(len(group) / 2)]}
    return [arm for arm in arms if arm in kept]


def _seeds_freed(arm: Arm, results: Sequence[Result]) -> int:
    """On how many seeds the finding that it is tried against was not found."""
    return sum(is_free(result, arm.against, arm.is_everywhere) for result in results) if arm.against is not None else 0
