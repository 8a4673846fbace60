"""Carries a study out: trial by trial, kept after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from ._file import resumed, save_study
from ._halving import due
from ._job import job, result_of
from ._study import Plan, Study
from .executors import Executor

Progress = Callable[[str, Study], AbstractContextManager[Callable[[Study], None]]]
"""From what is being done, and the study as it begins: a context in which the study is told after each trial."""


def unwatched(what: str, study: Study) -> AbstractContextManager[Callable[[Study], None]]:
    return nullcontext(lambda study: None)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a study is carried out: where, for how long, where it is kept, and who follows it."""

    executor: Executor
    until: float = math.inf
    """When to stop, on the clock of `time.monotonic`."""
    file: str = ""
    """Where it is kept; empty is nowhere."""
    resume: bool = False
    """Whether to go on with what is there."""
    progress: Progress = unwatched

    def begun(self, plan: Plan, arms_join: bool = False) -> Study:
        """The study to carry out: a new one, or the one to go on with, see `resumed`."""
        return resumed(plan, self.file, arms_join) if self.resume else Study(plan)

    def carried_out(self, study: Study, what: str) -> Study:
        """The study with its trials run, and the file written after each."""
        with self.progress(what, study) as follow:

            def kept(so_far: Study) -> None:
                if self.file:
                    save_study(so_far, self.file)
                follow(so_far)

            return conduct(study, self.executor, kept, self.until)


def conduct(study: Study, executor: Executor, kept: Callable[[Study], None], until: float = math.inf) -> Study:
    """Run the trials that are due until none is, or until the clock of `time.monotonic` says `until`.

    `kept` is called with the study after each trial. What is interrupted has lost the trials that were running, and nothing else.
    """
    while time.monotonic() < until and (trials := due(study)):
        # Closed at once when something goes wrong here, not when the collector comes by: children must not outlive the reason for them.
        with closing(executor.run([job(study.plan, trial) for trial in trials], until)) as endings:
            for ended in endings:
                study = study.with_result(result_of(ended, study.plan.by))
                kept(study)
    return study
