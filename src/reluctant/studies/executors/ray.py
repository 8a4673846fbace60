"""Trials on a Ray cluster."""

from __future__ import annotations

import json
import logging
import math
import os
import selectors
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reluctant.errors import ReluctantError, UsageError
from reluctant.optional import require

from .._job import Ended, Job
from ._executor import Executor
from ._running import Running

POLL_SECONDS = 0.2

RETRIES = 3
"""How often a trial is begun again whose worker is lost."""

LONGEST_CANCEL = 15.0
"""Seconds to wait for workers to be gone that were told to go."""

ATTEMPTS = 3
"""How often a cluster elsewhere is asked for a server of its own for us: Ray forks it among threads, where it may fall."""

PYTHON = "{python}"
"""Stands in a command for the worker's own python."""

NOT_SHIPPED = [".git", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"]


class Ray(Executor):
    """Tasks on a Ray cluster.

    Without an address it is the cluster that Ray finds, by RAY_ADDRESS or on this machine; where there is none, one is started here and
    ends with this program. Ray ships the folder of the script, less what .gitignore names, and the script runs in that copy. Reluctant
    and all that the script imports must be installed on the cluster. A trial has one core, and is begun again where its worker is lost.
    """

    name = "ray"
    takes_address = True

    def run(self, jobs: Sequence[Job], until: float = math.inf) -> Generator[Ended, None, None]:
        """See `Executor.run`."""
        waiting, running = deque(jobs), dict[Any, Job]()
        if not jobs or time.monotonic() >= until:
            return
        ray = _connected(self.address, jobs[0].folder)
        task = ray.remote(_at_work).options(num_cpus=1, num_gpus=self.gpus_per_trial, max_retries=RETRIES)
        self._refuse_what_never_starts(ray)
        try:
            while (waiting or running) and time.monotonic() < until:
                while waiting and (self.at_a_time is None or len(running) < self.at_a_time):
                    job = waiting.popleft()
                    running[task.remote(_movable(job), job.folder)] = job
                wait = min(POLL_SECONDS, max(0.0, until - time.monotonic()))
                for reference in ray.wait(list(running), num_returns=1, timeout=wait)[0]:
                    yield _ended(ray, reference, running.pop(reference))
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            if running:
                ray.wait(list(running), num_returns=len(running), timeout=LONGEST_CANCEL)

    def _refuse_what_never_starts(self, ray: Any) -> None:
        """Raise `UsageError` where no machine of the cluster has as many GPUs as a trial wants: Ray would wait for one for ever."""
        most = max((node["Resources"].get("GPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
        if self.gpus_per_trial > most:
            what = f"a trial wants {self.gpus_per_trial} GPUs, and no machine of the cluster has more than {most:g}"
            raise UsageError(what, where="--gpus-per-trial", advice="Give a smaller number, or --on another cluster")


_connected_to: list[tuple[str, str]] = []
"""Address and folder of the connection that this program has through us; Ray has one at most."""


def _connected(address: str, folder: str) -> Any:
    """The module ``ray``, connected, with `folder` shipped. Raises `ReluctantError` where it cannot be."""
    ray = require("ray", extra="ray", purpose="--on ray")
    if ray.is_initialized():
        if not _connected_to and folder:
            raise UsageError("this program is connected to Ray already", where="--on ray", advice="Call ray.shutdown() before")
        if not _connected_to or _connected_to == [(address, folder)]:
            return ray
        ray.shutdown()
    if address:
        require("grpc", extra="ray", purpose="--on ray://")
    environment = {"working_dir": folder, "excludes": NOT_SHIPPED} if folder else {}
    where: dict[str, Any] = {"address": f"ray://{address}"} if address else {"include_dashboard": False}
    try:
        _begin(ray, **where, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().partition("\n")[0]
        advice = "See with `ray status` whether the cluster is up"
        raise ReluctantError(f"Ray cannot be used: {reason}", where="--on ray", advice=advice) from error
    _connected_to[:] = [(address, folder)]
    return ray


def _begin(ray: Any, **options: Any) -> None:
    """``ray.init``, tried again where the cluster answered that the server it began for us fell."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(**options)
            return
        except ConnectionAbortedError:
            if attempt == ATTEMPTS:
                raise


def _movable(job: Job) -> Job:
    """The job as it runs in a copy of its folder, with another python."""
    script = os.path.relpath(job.script, job.folder) if job.script and job.folder else job.script
    command = [script if argument == job.script and job.script else argument for argument in job.command]
    if command[0] == sys.executable:
        command[0] = PYTHON
    return replace(job, command=tuple(command), script=script)


def _at_work(job: Job, folder: str) -> Ended:
    """Run on a worker: the command at work, until it ends."""
    command = tuple(sys.executable if argument == PYTHON else argument for argument in job.command)
    threads = {"MKL_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    with selectors.DefaultSelector() as selector:
        running = Running(replace(job, command=command), threads, selector)
        try:
            while not running.is_over():
                for key, _ in selector.select(POLL_SECONDS):
                    key.data()
            ended = running.ended()
        except BaseException:  # also Ray's cancelling: the trial must not outlive its task; the error goes on to Ray
            running.stop()
            raise
    if not folder:
        return ended
    # The paths of the folder's copy become those of the folder.
    return replace(ended, recording=ended.recording.replace(_in_json(os.getcwd()), _in_json(folder)))


def _in_json(folder: str) -> bytes:
    return json.dumps(str(Path(folder)) + os.sep, ensure_ascii=False)[1:-1].encode()


def _ended(ray: Any, reference: Any, job: Job) -> Ended:
    """How a task ended. Raises `ReluctantError` where none can run on the cluster."""
    try:
        ended: Ended = ray.get(reference)
    except (ray.exceptions.RuntimeEnvSetupError, ray.exceptions.RayTaskError) as error:
        reason = str(error).strip().rpartition("\n")[2]
        advice = "Install the same version of Reluctant, and what the script needs, on all machines of the cluster"
        raise ReluctantError(f"the cluster cannot run a trial: {reason}", where="--on ray", advice=advice) from error
    except ray.exceptions.RayError as error:
        reason = str(error).strip().partition("\n")[0]
        return Ended(job.trial, None, 0.0, last_words=f"its worker was lost {RETRIES + 1} times: {reason}")
    return ended
