"""The command that a person types to repeat a trial of an arm, with its report."""

from __future__ import annotations

import shlex

from ._study import Arm, Plan


def by_hand(plan: Plan, arm: Arm, seed: int = 0) -> str:
    """The command of one trial: `reluctant run` with the arm's treatments, its steps or seconds, and the script with its arguments."""
    treatments = [part for treatment in arm.treatments for part in ("--treat", treatment)]
    seeds = ["--seed", str(seed)] * (seed > 0)
    steps = ["--steps", str(plan.steps)] * (plan.steps is not None)
    seconds = ["--seconds", f"{plan.seconds:g}"] if plan.seconds is not None else []
    program = [*["-m"] * plan.is_module, plan.script, *plan.arguments]
    return shlex.join(["reluctant", "run", *treatments, *seeds, *steps, *seconds, *program])
