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
    takes_address: ClassVar[bool] = False
    """Whether ``--on NAME://ADDRESS`` says where."""

    def __init__(self, at_a_time: int | None = None, address: str = "", gpus_per_trial: int = 0) -> None:
        """At most `at_a_time` trials at once; None leaves it to the executor. Each has `gpus_per_trial` whole devices to itself.

        Raises `UsageError` where it cannot run that many at a time, or nothing at all.
        """
        if at_a_time is not None and at_a_time < 1:
            raise UsageError(f"{at_a_time} trials at a time are none", advice="Give 1 or more")
        if address and not self.takes_address:
            raise UsageError(f"{self.name} takes no address", where=f"--on {self.name}://{address}", advice=f"Give --on {self.name}")
        self.at_a_time = at_a_time
        self.address = address
        self.gpus_per_trial = gpus_per_trial

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


def executor(text: str, at_a_time: int | None = None, gpus_per_trial: int = 0) -> Executor:
    """The executor that ``--on`` names, as NAME or NAME://ADDRESS. Raises `UnknownNameError` where there is none."""
    name, _, address = text.partition("://")
    kind = executors().get(name)
    if kind is None:
        raise UnknownNameError("executor", name, executors(), where="--on")
    return kind(at_a_time, address, gpus_per_trial)
