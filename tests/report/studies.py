"""Studies whose trials were never run, one for each thing that a study can come to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from reluctant.studies import UNTREATED, Arm, Found, Losses, Plan, PlannedTrial, Result, Study

POINTS = 60
START = 2.3


def losses(end: float, name: str = "", finite: bool = True) -> Losses:
    """Losses that fall to `end` in the first half of the steps, with a little noise that the name decides."""
    noise = random.Random(repr(name))
    values: list[float | None] = [START + (end - START) * min(1.0, 2 * point / POINTS) + noise.gauss(0, 0.01) for point in range(POINTS)]
    return Losses(tuple(range(0, 10 * POINTS, 10)), (*values[:-1], values[-1] if finite else None))


def study(ends: dict[str, float], seeds: int = 5, script: str = "train.py", arguments: Sequence[str] = ("--epochs", "3")) -> Study:
    """Trials of arms that end at these losses; `UNTREATED` is the script as it stands. A seed moves all arms by the same."""
    arms = tuple(Arm(name, (f"swap-activation:{name}",)) for name in ends if name != UNTREATED)
    made = Study(Plan(script, tuple(arguments), False, arms, seeds, 10 * POINTS))
    for arm in made.plan.all_arms:
        for seed in range(seeds):
            name = f"{arm.name}{seed}"
            end = ends[arm.name] + random.Random(seed).gauss(0, 0.1) + random.Random(repr(name)).gauss(0, 0.02)
            kept = 1_250_000 if arm.name in (UNTREATED, "relu", "sigmoid") else 2_500_000
            trial = PlannedTrial(arm.name, seed)
            made = made.with_result(Result(trial, losses=losses(end, name), steps=10 * POINTS, seconds=3.0, kept_bytes=kept))
    return made


def answered() -> Study:
    """Two better, one worse, two that show nothing."""
    return study({UNTREATED: 1.0, "relu": 1.0, "leaky_relu(0.1)": 0.99, "elu": 0.7, "gelu": 0.6, "sigmoid": 2.1})


def troubled() -> Study:
    """An arm with an error, one with trials that were stopped or killed, and one that could not be applied."""
    made = study({UNTREATED: 1.0, "elu": 0.8, "gelu": 0.8})
    words = 'Traceback (most recent call last):\n  File "train.py", line 3\nFloatingPointError: NaN'
    failed = Result(PlannedTrial("elu", 1), "failed", "", losses(0.8, finite=False), 600, 3.0, last_words=words)
    for result in (failed, Result(PlannedTrial("gelu", 2), "timed out", "timed out"), Result(PlannedTrial("gelu", 3), "killed", "killed")):
        made = made.with_result(result)
    with_another = replace(made.plan, arms=(*made.plan.arms, Arm("hardswish", ("swap-activation:hardswish",))))
    return Study(with_another, made.results).with_result(Result(PlannedTrial("hardswish", 0), why_not="no activation was called"))


def by_metric() -> Study:
    """Accuracies: more is better, and what is kept of them is negated."""
    made = study({UNTREATED: 0.7, "elu": 0.7, "gelu": 0.85, "sigmoid": 0.2})
    plan = replace(made.plan, by="metric", metric=r"accuracy <b>([\d.]+)", goal="max")
    return Study(plan, tuple(replace(result, losses=rising(result.losses)) for result in made.results))


def rising(falling: Losses) -> Losses:
    """Negated numbers that begin at 0.1 and end where the others do."""
    step = (0.1 - START) / (POINTS // 2)
    lifted = (0.0 if loss is None else loss + step * max(0, POINTS // 2 - point) for point, loss in enumerate(falling.losses))
    return Losses(falling.steps, tuple(-number for number in lifted))


def by_validation() -> Study:
    """Compared by the loss in validation."""
    made = study({UNTREATED: 1.0, "elu": 0.5})
    return Study(replace(made.plan, by="validation loss"), made.results)


def with_drawn() -> Study:
    """Treatments against a finding beside two that were drawn at random, of which one happens to be the best."""
    made = study({UNTREATED: 1.0, "elu": 0.7, "gelu": 1.0, "swish": 0.5, "tanh": 1.0})
    against = Found("RL201", file="train.py", line=3)
    arms = tuple(replace(arm, against=against, drawn=arm.name in ("swish", "tanh")) for arm in made.plan.arms)
    return Study(replace(made.plan, arms=arms), made.results)


def failing() -> Study:
    """The script itself fails before its first step."""
    made = study({UNTREATED: 1.0, "elu": 0.8}, seeds=1)
    why = "failed before its first step (NameError: x)"
    return Study(made.plan, (Result(PlannedTrial(UNTREATED, 0), "failed", why, last_words="NameError: x"),))


def interrupted() -> Study:
    """The first trials of a study; the others have not run."""
    made = study({UNTREATED: 1.0, "elu": 0.8}, seeds=2)
    return Study(replace(made.plan, seeds=9), made.results)


def many(arms: int = 14) -> Study:
    """More arms than there are colours."""
    return study({UNTREATED: 1.0, **{f"leaky_relu(0.{number:02})": 0.5 + number / 20 for number in range(1, arms + 1)}})


def named(name: str) -> Study:
    """A study in which everything that can be named has this name."""
    made = study({UNTREATED: 1.0, name: 0.5}, script=name, arguments=(name,))
    failed = Result(PlannedTrial(name, 1), "failed", "", losses(0.5, finite=False), 600, 3.0, last_words=f"{name}\n{name}")
    stopped = Result(PlannedTrial(name, 2), "timed out", name, last_words=name)
    return made.with_result(failed).with_result(stopped)


STUDIES = {
    "answered": answered(),
    "no-difference": study({UNTREATED: 1.0, "elu": 1.0}),
    "worse": study({UNTREATED: 1.0, "elu": 1.5}),
    "troubled": troubled(),
    "failing": failing(),
    "interrupted": interrupted(),
    "many": many(),
    "metric": by_metric(),
    "validation": by_validation(),
    "drawn": with_drawn(),
    "empty": Study(Plan("train.py", arms=(Arm("elu", ("swap-activation:elu",)),))),
}
