"""Trials as processes of this machine."""

from __future__ import annotations

import math
import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import suppress

from reluctant.errors import UsageError

from .._job import Ended, Job
from ._executor import Executor
from ._forked import ForkServer, is_worth_it
from ._running import Running

POLL_SECONDS = 0.05

VISIBLE = "CUDA_VISIBLE_DEVICES"

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Local(Executor):
    """Processes of this machine.

    Each has a session of its own, standard output that leads nowhere, and its own folder for temporary files, removed afterwards. It is
    stopped with all that it has started. What is not kept apart: files that the script writes elsewhere, ports, and the
    memory of the machine. The cores are shared out among those that run at a time, unless the environment says how many threads to use;
    one that must be alone has them all, and nothing runs beside it.
    """

    name = "local"

    def __init__(self, at_a_time: int | None = None, address: str = "", gpus_per_trial: int = 0) -> None:
        """See `Executor`. Without a number there are as many at a time as there are cores, or devices for."""
        super().__init__(at_a_time, address, gpus_per_trial)
        self._server: ForkServer | None = None
        there = devices() if gpus_per_trial else ()
        places = len(there) // gpus_per_trial if gpus_per_trial else cores()
        self._slots = places if at_a_time is None else at_a_time
        if gpus_per_trial and (self._slots > places or not places):
            wanted = f"{gpus_per_trial} for each of {max(1, self._slots)} at a time"
            advice = "Give fewer --jobs" if places else "Give a smaller --gpus-per-trial, or --on a cluster that has more"
            raise UsageError(f"trials want more GPUs than are here: {wanted}, of {len(there)}", where="--gpus-per-trial", advice=advice)
        self._free = [there[slot * gpus_per_trial : (slot + 1) * gpus_per_trial] for slot in range(self._slots)]

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        """See `Executor.run`."""
        waiting, running = deque(jobs), dict[Running, tuple[str, ...]]()
        forks = not self.gpus_per_trial and is_worth_it(jobs)
        with selectors.DefaultSelector() as selector:
            try:
                while (waiting or running) and time.monotonic() < until:
                    while waiting and self._free and self._may_begin(waiting[0], running, forks):
                        own, job = self._free.pop(0), waiting.popleft()
                        environment = {**self._threads(job), **({VISIBLE: ",".join(own)} if own else {})}
                        running[self._begun(job, environment, selector)] = own
                    for key, _ in selector.select(min(POLL_SECONDS, max(0.0, until - time.monotonic()))):
                        key.data()
                    for process in [process for process in running if process.is_over()]:
                        self._free.append(running.pop(process))
                        if self._server is not None and not process.has_begun:  # somebody has ended the server
                            self._server, forks = None, False
                            process.stop()
                            waiting.appendleft(process.job)
                        else:
                            yield process.ended()
            finally:
                for process, own in running.items():
                    process.stop()
                    self._free.append(own)

    def _may_begin(self, job: Job, running: Collection[Running], forks: bool) -> bool:
        """Whether it is a job's turn: nothing runs that must be alone, and a server that it wants is ready or has failed."""
        if running and self._shared_cores() and (job.alone or any(process.job.alone for process in running)):
            return False
        if not forks or job.alone:
            return True
        if self._server is None:  # not sooner: one that must be alone is not to share the cores with it
            self._server = ForkServer(self._threads(job))
        return self._server.is_decided()

    def _begun(self, job: Job, environment: Mapping[str, str], selector: selectors.BaseSelector) -> Running:
        """The job at work: as a fork where that is the same as a new process, and sooner."""
        if self._server is not None and self._server.serves(job, environment):
            with suppress(OSError):  # it has ended
                return Running(job, environment, selector, self._server.start)
        return Running(job, environment, selector)

    def _threads(self, job: Job) -> dict[str, str]:
        return {} if job.alone else self._shared_cores()

    def _shared_cores(self) -> dict[str, str]:
        """The variables that share the cores out; none where the environment does, or there is nobody to share with."""
        if self._slots == 1 or any(name in os.environ for name in THREADS):
            return {}
        return dict.fromkeys(THREADS, str(max(1, cores() // self._slots)))


def cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def devices() -> tuple[str, ...]:
    """The NVIDIA devices that this process may use, without torch: those that the environment names, or else all that the driver lists."""
    named = os.environ.get(VISIBLE)
    if named is not None:
        return tuple(name.strip() for name in named.split(",") if name.strip())
    try:
        listed = subprocess.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(listed.stdout.split()) if listed.returncode == 0 else ()
