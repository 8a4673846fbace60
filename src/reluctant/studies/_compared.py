"""What a study showed of each arm: where its losses ended, and whether that is better than the untreated script."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reluctant.errors import ReluctantError
from reluctant.recording import Goal

from ._halving import stopped_early
from ._losses import starting_level
from ._paired import FEWEST_PAIRS, LEVEL, Answer, Paired, bounded, holm_levels, paired
from ._study import UNTREATED, Result, Study


@dataclass(frozen=True, slots=True)
class Compared:
    """One arm beside the untreated script."""

    arm: str
    counted: int
    """Trials that count."""
    end: float | None
    """Mean loss at the end; None where none counts."""
    area: float | None
    """Mean loss over the steps: the area under the loss curve, for each step."""
    steps_to: float | None
    """Median steps to the loss at which the untreated script ends (its median); infinity where half never reach it."""
    step_ms: float | None
    """Median milliseconds a step, with what watching and treating cost."""
    difference: Paired
    """Loss at the end, less that of the untreated script under the same seeds. Empty for the untreated script itself."""
    level: float
    """At which `answer` and `interval` hold, corrected by Holm's procedure for all arms of the study."""
    answer: Answer
    interval: tuple[float, float] | None
    stopped_early: bool
    """Whether it got no more seeds because others did better."""
    note: str = ""
    """Why less is said than could be: what was not counted, what was stopped."""
    kept_bytes: int | None = None
    """Bytes that autograd keeps for one backward pass, the most of its trials; None where one of them could not count them."""


def compared(study: Study) -> tuple[Compared, ...]:
    """Every arm of a study, the untreated script first, the others in the order of the plan.

    An arm that was stopped early gets no answer but "no difference shown": it was stopped because of its losses, so they are no sample any
    more. It still counts as one of the comparisons that are corrected for. Arms that were drawn at random are corrected for apart: they
    claim nothing.
    """
    counted = {arm.name: {seed: r for seed, r in study.of(arm.name).items() if r.counts} for arm in study.plan.all_arms}
    ceiling = starting_level(result.losses for results in counted.values() for result in results.values())
    stopped = stopped_early(study)
    differences = {arm: _differences(results, counted[UNTREATED], ceiling, study.plan.goal) for arm, results in counted.items()}
    levels: dict[str, float] = {}
    for drawn in (False, True):
        begun = [arm.name for arm in study.plan.arms if counted[arm.name] and arm.drawn == drawn]
        p_values = [1.0 if arm in stopped else differences[arm].p_value for arm in begun]
        levels |= zip(begun, holm_levels(p_values), strict=True)
    target = _median([bounded(result.losses.end, ceiling) for result in counted[UNTREATED].values()])
    sign = -1.0 if study.plan.goal == "max" else 1.0  # losses of which more is better are kept negated
    rows = []
    for arm, results in counted.items():
        losses, level = [result.losses for result in results.values()], levels.get(arm, LEVEL)
        ends = [bounded(one.end, ceiling) for one in losses]
        row = Compared(
            arm,
            counted=len(results),
            end=sign * statistics.fmean(ends) if ends else None,
            area=sign * statistics.fmean(one.area(ceiling) for one in losses) if losses else None,
            steps_to=None if target is None else _median([one.steps_to(target) for one in losses]),
            step_ms=_median([result.step_ms for result in results.values() if result.step_ms is not None]),
            difference=differences[arm],
            level=level,
            answer="no difference shown" if arm in stopped else differences[arm].answer(level),
            interval=differences[arm].interval(level),
            stopped_early=arm in stopped,
            note=_note(study, arm, results, arm in stopped),
            kept_bytes=_most([result.kept_bytes for result in results.values()]),
        )
        rows.append(row)
    return tuple(rows)


def check_comparable(study: Study) -> None:
    """Raise `ReluctantError` where the script was run as it stands, and gave nothing that arms could be compared with."""
    if study.results and not any(result.counts for result in study.of(UNTREATED).values()):
        raise ReluctantError(study.nothing_to_compare, where=study.plan.script, advice="Run it once with `reluctant run` to see why")


def _differences(treated: Mapping[int, Result], untreated: Mapping[int, Result], ceiling: float, goal: Goal) -> Paired:
    if treated is untreated:
        return Paired((), goal)
    seeds = sorted(treated.keys() & untreated.keys())
    found = paired([treated[seed].losses.end for seed in seeds], [untreated[seed].losses.end for seed in seeds], ceiling)
    return found if goal == "min" else Paired(tuple(-difference for difference in found.differences), goal)


def _note(study: Study, arm: str, results: Mapping[int, Result], was_stopped: bool) -> str:
    """What else is to be said of an arm, in a sentence or two; empty where nothing is."""
    found = study.of(arm).values()
    reasons = dict.fromkeys(result.why_not for result in found if not result.counts)
    failed = sum(result.ending == "failed" for result in results.values())
    diverged = sum(math.isinf(result.losses.end) and result.ending != "failed" for result in results.values())
    parts = [f"{len(found) - len(results)} of {len(found)} not counted: {'; '.join(reasons)}"] if reasons else []
    parts += [f"{number} of {len(found)} {what}" for number, what in ((failed, "ended with an error"), (diverged, "diverged")) if number]
    if was_stopped:
        parts.append(f"stopped after {len(found)} seeds, because others did better")
    elif arm != UNTREATED and results and len(results) < FEWEST_PAIRS:
        parts.append(f"fewer than {FEWEST_PAIRS} pairs show nothing")
    return ". ".join(part if index == 0 else f"{part[0].upper()}{part[1:]}" for index, part in enumerate(parts))


def _most(counts: Sequence[int | None]) -> int | None:
    """The largest; None where there is none, or one is not known, which may be larger."""
    counted = [count for count in counts if count is not None]
    return max(counted) if counted and len(counted) == len(counts) else None


def _median(numbers: list[float]) -> float | None:
    """The upper median, which is one of the numbers also where some are infinite; None where there are none."""
    return statistics.median_high(numbers) if numbers else None
