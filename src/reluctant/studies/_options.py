"""How a script is to be tried many times, as a user says it: checked, then a plan and how it is carried out."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from reluctant.errors import UsageError
from reluctant.recording import Goal, refuse_existing
from reluctant.trials import empty_folder, metric_pattern

from ._conduct import Conduct, Progress, unwatched
from ._study import Arm, Measured, Plan
from .executors import Executor, executor

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_LEAST = {"seeds": 1, "steps": 1, "jobs": 1, "gpus_per_trial": 0}
_ONE_OF = {"by": ("loss", "validation"), "goal": ("min", "max")}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smh]?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What the commands' options of the same names say. Times are seconds, or texts such as ``90s``, ``10m``, ``1h30m``.

    Raises `UsageError` for a number or a word that no option takes.
    """

    seeds: int = 5
    """Trials of each arm, under as many seeds."""
    steps: int | None = None
    """Optimizer steps of each trial; None lets the script run to its end."""
    seconds: float | str | None = None
    """Time of each trial from its first optimizer step on."""
    by: Literal["loss", "validation"] | None = None
    """What trials are compared by, where no metric is named; None is the training loss."""
    metric: str | None = None
    """The pattern that finds a number in what the script prints, in its one group."""
    goal: Goal | None = None
    """Whether less of the metric is better, or more."""
    budget: float | str | None = None
    """Time after which to stop and say what was shown by then."""
    trial_timeout: float | str | None = None
    """Time after which a trial is stopped; it is not counted."""
    jobs: int | None = None
    """Trials at a time; None is one for each core, or each GPU."""
    on: str | Executor = "local"
    """Where trials run."""
    gpus_per_trial: int = 0
    workdir: str | os.PathLike[str] | None = None
    """A folder in which each trial gets one of its own to run in, a copy of the current one."""
    study: str | os.PathLike[str] | None = None
    """The file in which the trials are kept after each one."""
    resume: bool = False
    """Go on with the study in that file."""
    force: bool = False
    """Replace files that exist."""

    def __post_init__(self) -> None:
        for option in fields(self):
            value, where = getattr(self, option.name), f"--{option.name.replace('_', '-')}"
            if value is None and option.default is None:
                continue
            least, words = _LEAST.get(option.name), _ONE_OF.get(option.name)
            if least is not None and not (type(value) is int and value >= least):
                raise UsageError(f"{value!r} is no whole number from {least} on", where=where)
            if words is not None and value not in words:
                raise UsageError(f"{value!r} is none of {', '.join(words)}", where=where)

    def conduct(self, progress: Progress = unwatched) -> Conduct:
        """How the study is carried out. Raises `UsageError` where that cannot be, before anything has run."""
        file = os.fspath(self.study or "")
        if self.resume and not file:
            raise UsageError("there is nothing to go on with", where="--resume", advice="Name the file with --study FILE")
        if file and not self.resume:
            refuse_existing(file, self.force)
        limit = _seconds(self.budget, "--budget")
        until = math.inf if limit is None else time.monotonic() + limit
        chosen = executor(self.on, self.jobs, self.gpus_per_trial) if isinstance(self.on, str) else self.on
        if not isinstance(chosen, Executor):
            raise UsageError(f"{chosen!r} is no executor", where="--on", advice="Give its name, or an executor made with its arguments")
        return Conduct(chosen, until, file, self.resume, progress)

    def plan(
        self,
        script: str | os.PathLike[str],
        arguments: Sequence[object] = (),
        is_module: bool = False,
        arms: tuple[Arm, ...] = (),
        halving: bool = False,
    ) -> Plan:
        """The plan for a script. Raises `UsageError` where there is no such script, or the options do not go together."""
        script = os.fspath(script)
        if isinstance(arguments, str):
            raise UsageError("the arguments of a script are a sequence", where=arguments, advice='Write ["--lr", "0.1"]')
        if not is_module and not Path(script).exists():
            raise UsageError("there is no such file", where=script, advice="Give the path of a script, or -m and the name of a module")
        return Plan(
            script,
            tuple(map(str, arguments)),
            is_module,
            arms,
            self.seeds,
            self.steps,
            _seconds(self.trial_timeout, "--trial-timeout"),
            self._measured(),
            self.metric or "",
            self.goal or "min",
            halving,
            _seconds(self.seconds, "--seconds"),
            self._folder_of_trials(),
        )

    def _measured(self) -> Measured:
        """What trials are compared by."""
        if self.metric is None:
            if self.goal is not None:
                what = "a goal is for a metric only: of a loss, less is better"
                raise UsageError(what, where="--goal", advice="Name one with --metric REGEX")
            return "validation loss" if self.by == "validation" else "loss"
        if self.by is not None:
            raise UsageError("trials are compared by one thing", where="--by", advice="Give either --by or --metric")
        metric_pattern(self.metric)
        return "metric"

    def _folder_of_trials(self) -> str:
        """The absolute path of the folder in which each trial gets one, made if it is missing; empty where none was asked for.

        Raises `UsageError` where something is there already, but for a study that goes on.
        """
        if self.workdir is None:
            return ""
        folder = Path(self.workdir).absolute()
        if not (self.resume and folder.is_dir()):
            empty_folder(folder, self.force)
        return str(folder)


def _seconds(given: float | str | None, where: str) -> float | None:
    if given is None or isinstance(given, str):
        return None if given is None else seconds_in(given, where)
    if not given > 0:
        raise UsageError(f"{given!r} is no length of time", where=where, advice="Give seconds above 0, or a text such as 90s, 10m or 1h30m")
    return given


def seconds_in(text: str, where: str = "") -> float:
    """The seconds of ``90``, ``90s``, ``10m``, ``1h30m``. Raises `UsageError` where it is no time above 0."""
    compact = text.strip()
    total = sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(compact))
    if not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", compact, re.IGNORECASE) or total <= 0:
        raise UsageError(f"{text!r} is no length of time", where=where, advice="Write it as 90s, 10m or 1h30m")
    return total
