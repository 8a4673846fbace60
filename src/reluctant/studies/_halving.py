"""Which trials come next: all of them, or ever fewer arms with ever more seeds (successive halving)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from ._losses import starting_level
from ._paired import bounded
from ._study import UNTREATED, Plan, PlannedTrial, Study

FIRST_SEEDS = 2
"""Seeds that every arm gets before arms are stopped; each next round has twice as many."""


def due(study: Study) -> tuple[PlannedTrial, ...]:
    """The trials to run next, seed by seed, so that the arms are level whenever it ends; none where the study is complete.

    It follows from the plan and the results alone, so a study that was interrupted goes on as it would have.
    """
    done = {result.trial for result in study.results}
    going_on: Sequence[str] = [arm.name for arm in study.plan.arms]
    for seeds in _rounds(study.plan):
        wanted = [PlannedTrial(arm, seed) for seed in range(seeds) for arm in (UNTREATED, *going_on)]
        missing = tuple(trial for trial in wanted if trial not in done)
        if missing:
            return missing
        going_on = _promising(study, going_on, seeds)
    return ()


def stopped_early(study: Study) -> frozenset[str]:
    """The arms that get no further seeds because others did better.

    (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization".) Stopping the worse
    ones can only lose a "better", never make a false one, as long as levels are corrected for all arms that began.
    """
    done = {result.trial for result in study.results}
    going_on: Sequence[str] = [arm.name for arm in study.plan.arms]
    stopped: set[str] = set()
    for seeds in _rounds(study.plan):
        if any(PlannedTrial(arm, seed) not in done for seed in range(seeds) for arm in (UNTREATED, *going_on)):
            break
        promising = _promising(study, going_on, seeds)
        if seeds < study.plan.seeds:
            stopped.update(set(going_on) - set(promising))
        going_on = promising
    return frozenset(stopped)


def _rounds(plan: Plan) -> list[int]:
    """How many seeds each arm that is left has at the end of each round."""
    if not plan.halving:
        return [plan.seeds]
    doubled, seeds = [], FIRST_SEEDS
    while seeds < plan.seeds:
        doubled.append(seeds)
        seeds *= 2
    return [*doubled, plan.seeds]


def _promising(study: Study, arms: Sequence[str], seeds: int) -> list[str]:
    """The better half of the arms after so many seeds, by the mean loss at the end; of equals the earlier ones. One is always left.

    An arm without a trial that counts is never among them.
    """
    results = {arm: [result for seed, result in study.of(arm).items() if seed < seeds and result.counts] for arm in (UNTREATED, *arms)}
    ceiling = starting_level(result.losses for found in results.values() for result in found)
    scores = {arm: statistics.fmean(bounded(result.losses.end, ceiling) for result in found) for arm, found in results.items() if found}
    ranked = sorted((arm for arm in arms if arm in scores), key=lambda arm: scores[arm])
    kept = ranked[: max(1, math.ceil(len(arms) / 2))]
    return [arm for arm in arms if arm in kept]
