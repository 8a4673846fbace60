"""Studies without training: curves that are made up, and an executor that makes them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from reluctant.recording import Curve, Document, Finding, LossPoint, Recording, Trial, dumps
from reluctant.studies import UNTREATED, Arm, Ended, Executor, Job, Plan, PlannedTrial

POINTS = 50


def recording(
    end: float, start: float = 2.3, findings: Sequence[Finding] = (), trial: Trial | None = None, script: str = "train.py"
) -> bytes:
    """The file of a run whose loss falls from `start` to `end` in the first half of its steps and stays there."""
    losses = [start + (end - start) * min(1.0, 2 * step / POINTS) for step in range(POINTS)]
    points = tuple(
        LossPoint(step, loss if math.isfinite(loss) else None, loss, loss, non_finite=int(not math.isfinite(loss)))
        for step, loss in enumerate(losses)
    )
    curve = Curve("backward", points=points)
    conditions = replace(trial or Trial(), curves=(curve,))
    run = Recording(script=script, steps=POINTS, seconds=0.5, finished=True, trial=conditions, kept_bytes=4096)
    return dumps(Document(run, tuple(findings))).encode()


def plan(arms: Sequence[str] = ("a", "b"), seeds: int = 3, halving: bool = False) -> Plan:
    return Plan("train.py", arms=tuple(Arm(name, (f"treatment:{name}",)) for name in arms), seeds=seeds, halving=halving)


def losses_by_arm(**means: float) -> Callable[[PlannedTrial], float]:
    """The loss at the end of a trial: the arm's mean, and a little that the seed and the arm decide."""
    return lambda trial: means.get(trial.arm, means["untreated"]) + random.Random(str(trial)).gauss(0, 0.01)


class Made(Executor):
    """An executor that runs nothing and answers with what it is told."""

    name = "made"

    def __init__(self, answer: Callable[[Job], Ended], at_a_time: int = 1) -> None:
        super().__init__(at_a_time)
        self.answer = answer
        self.asked: list[PlannedTrial] = []
        self.closed = False

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        try:
            for job in jobs:
                if time.monotonic() >= until:
                    return
                self.asked.append(job.trial)
                yield self.answer(job)
        finally:
            self.closed = True


def learning(loss: Callable[[PlannedTrial], float]) -> Made:
    """An executor whose trials end with the given losses."""
    return Made(lambda job: Ended(job.trial, 0, 1.0, recording=recording(loss(job.trial))))


__all__ = ["POINTS", "UNTREATED", "Made", "learning", "losses_by_arm", "plan", "recording"]
