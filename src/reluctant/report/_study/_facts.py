"""How a study was measured, fact by fact, and what does not count in it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reluctant.numbers import duration, plural, result
from reluctant.studies import LEVEL, UNTREATED, Compared, Plan, Result, Study, starting_level, trials_left

from .._safe_text import safe, visible
from ._answer import Quantity


def program(study: Study) -> str:
    """The script with its arguments, as it is typed."""
    return visible(shlex.join([*["-m"] * study.plan.is_module, study.plan.script, *study.plan.arguments]))


def seeds_of(study: Study) -> int:
    """Seeds that any arm was tried with."""
    return max((len(study.of(arm.name)) for arm in study.plan.all_arms), default=0)


def length(plan: Plan) -> str:
    """How long a trial is: ``600 steps``, ``90.5 s``; empty where the script goes to its end."""
    steps = [plural(plan.steps, "step")] if plan.steps is not None else []
    return " or ".join([*steps, *([f"{plan.seconds:g} s"] if plan.seconds is not None else [])])


def facts(study: Study, found: Sequence[Compared], noun: str, quantity: Quantity) -> Iterator[tuple[str, str]]:
    """(what, how) it was measured; `noun` is what the arms are. Some have no text where there is nothing to say."""
    plan, results, seeds = study.plan, study.results, seeds_of(study)
    yield "script", program(study)
    yield "compared by", _compared_by(study, quantity)
    yield "seeds", f"{seeds}: the script's own, each raised by 0 to {seeds - 1}" if seeds else ""
    yield "a trial", length(plan) or "the script from its beginning to its end"
    yield "longest trial", duration(plan.time_limit) if plan.time_limit is not None else ""
    total = duration(sum(result.seconds for result in results))
    yield "trials", f"{len(results)} run, {sum(result.counts for result in results)} counted, {total} of running in all"
    halving = "after 2 seeds, and whenever their number has doubled, the worse half of what was tried against a finding"
    yield "stopped early", halving if plan.halving else ""
    yield "test", _test(found, quantity)
    yield "level", _level(study, found, noun)
    yield "intervals", "each at the level at which its own row was tested: it leaves out 0 where a difference is shown, and only there"
    yield "worst level", _worst(study, quantity)


def _compared_by(study: Study, quantity: Quantity) -> str:
    more = f"{'less' if quantity.goal == 'min' else 'more'} is better"
    if quantity.noun == "metric":
        return f"the metric that the script prints, found by {safe(study.plan.metric)}; {more}"
    where = "in validation, without gradient" if quantity.noun == "validation loss" else "in training, as backward is called on it"
    return f"the {quantity.noun}: the loss {where}; {more}" if quantity.noun != "loss" else f"the loss {where}; {more}"


def _test(found: Sequence[Compared], quantity: Quantity) -> str:
    """What is tested: ratios where the numbers are never below 0, else differences."""
    pairs = [arm.difference for arm in found if arm.difference.differences]
    by_ratio = sum(bool(difference.ratios) for difference in pairs)
    against = f"each trial against the script {UNTREATED} under the same seed"
    if not by_ratio:
        return f"the paired t-test of the {quantity.noun} at the end, {against}"
    some = "" if by_ratio == len(pairs) else f"; of the difference for arms where some {quantity.noun} is below 0"
    return (
        f"the paired t-test of the logarithm of the ratio of the {quantity.noun} at the end, {against}{some}. "
        f"The difference is the one that the mean ratio makes at the typical {quantity.noun} of the script {UNTREATED}"
    )


def _level(study: Study, found: Sequence[Compared], noun: str) -> str:
    drawn = {arm.name for arm in study.plan.arms if arm.drawn}
    tried = [arm.arm for arm in found[1:] if arm.counted]
    chosen = sum(name not in drawn for name in tried)
    if not chosen and drawn.intersection(tried):
        return f"{100 * LEVEL:.0f} % for those that were drawn at random, shared among them by Holm's procedure"
    apart = ", and likewise among those that were drawn at random" if drawn.intersection(tried) else ""
    return f"{100 * LEVEL:.0f} % for the whole table, shared among {plural(chosen, noun)} by Holm's procedure{apart}"


def _worst(study: Study, quantity: Quantity) -> str:
    worst = starting_level(result.losses for result in study.results if result.counts)
    if not math.isfinite(worst):
        return ""
    beyond, shown = ("above", worst) if quantity.goal == "min" else ("below", -worst)
    return f"a {quantity.noun} {beyond} {result(shown)}, the level at which trials began, or none at all counts as that"


LONGEST_WORDS = 40
"""Lines of what a failed script wrote last."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One trial that did not end well, with what its script wrote last to standard error."""

    seed: int
    ending: str
    counts: bool
    """Whether it counts all the same, as one that ended at the worst level."""
    last_words: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An arm of which less is known than was planned."""

    name: str
    note: str
    failures: tuple[Failure, ...]


def left_out(study: Study, found: Sequence[Compared]) -> tuple[LeftOut, ...]:
    """The arms with trials that were not counted, that ended badly or that did not run, in the order of the plan."""
    made = [LeftOut(safe(arm.arm), safe(arm.note), tuple(_failures(study, arm.arm))) for arm in found]
    return tuple(entry for entry in made if entry.note or entry.failures)


def not_run(study: Study) -> str:
    """How many trials did not run for want of time, as a sentence; empty where all did."""
    left = trials_left(study)
    return f"{plural(left, 'trial')} did not run for want of time." if left else ""


def _failures(study: Study, arm: str) -> Iterator[Failure]:
    for seed, trial in sorted(study.of(arm).items()):
        if trial.ending != "ended":
            yield Failure(seed, trial.ending, trial.counts, _last_words(trial))


def _last_words(result: Result) -> str:
    lines = result.last_words.rstrip().splitlines()[-LONGEST_WORDS:]
    return "\n".join(visible(line.expandtabs(4)) for line in lines)
