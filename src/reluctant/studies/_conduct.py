"""Carries a study out: trial by trial, kept after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing

from ._halving import due
from ._job import job, result_of
from ._study import Study
from .executors import Executor


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
