"""Trials as processes of this machine."""

from __future__ import annotations

import math
import os
import selectors
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress

from .._cores import cores
from .._job import Ended, Job
from ._executor import Executor
from ._forked import ForkServer, is_worth_it
from ._running import Running

POLL_SECONDS = 0.05

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Local(Executor):
    """Processes of this machine.

    Each has a session of its own, standard output that leads nowhere, and its own folder for temporary files, removed afterwards. It is
    stopped with all that it has started. What is not kept apart: files that the script writes elsewhere, ports, and the
    memory of the machine. The cores are shared out among those that run at a time, unless the environment says how many threads to use.
    """

    name = "local"

    def __init__(self, at_a_time: int) -> None:
        """See `Executor`."""
        super().__init__(at_a_time)
        self._server: ForkServer | None = None

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        """See `Executor.run`."""
        waiting, running = deque(jobs), list[Running]()
        environment = self._environment()
        if self._server is None and is_worth_it(jobs):
            self._server = ForkServer(environment)
        with selectors.DefaultSelector() as selector:
            try:
                while (waiting or running) and time.monotonic() < until:
                    while waiting and len(running) < self.at_a_time and (self._server is None or self._server.is_decided()):
                        running.append(self._begun(waiting.popleft(), environment, selector))
                    for key, _ in selector.select(min(POLL_SECONDS, max(0.0, until - time.monotonic()))):
                        key.data()
                    for process in [process for process in running if process.is_over()]:
                        running.remove(process)
                        if self._server is not None and not process.has_begun:  # somebody has ended the server
                            self._server = None
                            process.stop()
                            waiting.appendleft(process.job)
                        else:
                            yield process.ended()
            finally:
                for process in running:
                    process.stop()

    def _begun(self, job: Job, environment: dict[str, str], selector: selectors.BaseSelector) -> Running:
        """The job at work: as a fork where that is the same as a new process, and sooner."""
        if self._server is not None and self._server.serves(job, environment):
            with suppress(OSError):  # it has ended
                return Running(job, environment, selector, self._server.start)
        return Running(job, environment, selector)

    def _environment(self) -> dict[str, str]:
        threads = str(max(1, cores() // self.at_a_time))
        return {name: threads for name in THREADS if name not in os.environ}
