"""What every executor is."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from functools import cache
from typing import ClassVar

from reluctant.discovery import subclasses
from reluctant.errors import UnknownNameError, UsageError

from .._job import Ended, Job

ENTRY_POINTS = "reluctant.executors"
"""Entry point group under which a user's own executors are found."""


class Executor:
    """Runs the commands of trials somewhere, several at a time.

    A subclass in a file of its own in this folder is found by its name; nothing is registered.
    """

    name: ClassVar[str]

    def __init__(self, at_a_time: int) -> None:
        """Raises `UsageError` where it cannot run that many at a time, or nothing at all."""
        if at_a_time < 1:
            raise UsageError(f"{at_a_time} trials at a time are none", advice="Give 1 or more")
        self.at_a_time = at_a_time

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        """Run the jobs, at most `at_a_time` at once, started in their order, and yield each as it ends.

        At `until`, on the clock of `time.monotonic`, it stops: what has not ended by then is stopped and not yielded. The same holds
        when the iterator is closed, or the program interrupted. Nothing that a job started is left when the iterator is done. A
        command gets standard input that is empty, and a folder of its own for temporary files.
        """
        raise NotImplementedError


@cache
def executors() -> Mapping[str, type[Executor]]:
    """Every executor by name."""
    return subclasses(__package__ or "", Executor, name=lambda kind: kind.name, group=ENTRY_POINTS)


def executor(name: str, at_a_time: int) -> Executor:
    """The executor of that name. Raises `UnknownNameError` where there is none."""
    kind = executors().get(name)
    if kind is None:
        raise UnknownNameError("executor", name, executors(), where="--on")
    return kind(at_a_time)
