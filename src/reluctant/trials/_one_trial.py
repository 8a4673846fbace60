"""One trial: a script under treatments, with its seeds shifted, for a number of steps or seconds."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from reluctant.instrument import torch_private
from reluctant.instrument.guard import failure, is_interruption
from reluctant.instrument.patches import LEDGER, TRIAL_EAGER, TRIAL_MODE, TRIAL_STEP_HOOKS
from reluctant.instrument.steps import StepCounter
from reluctant.recording import Curve, Goal, NotApplied, Recording, TreatmentReport, Trial
from reluctant.treatments import Remedy

from ._printed_metric import PrintedMetric
from ._seeds import ShiftedSeeds

if TYPE_CHECKING:
    from ._loss_calls import LossCalls
    from ._stage import Stage


class TrialEnd(SystemExit):
    """Ends the script when the trial's steps are made or its seconds are over, as ``sys.exit(0)`` would."""

    def __init__(self) -> None:
        super().__init__(0)


class OneTrial:
    """Changes what was asked for, and nothing else.

    `begin` comes before the script, `before_observing` and `after_observing` when the script has imported torch: a treatment
    changes an optimizer's step before the observer looks at it, and the trial ends when the observer has looked. While a
    treatment learns from the untreated network the observer waits: what it would find is not what the treatment leaves.
    """

    def __init__(
        self,
        remedies: Sequence[Remedy] = (),
        seed: int = 0,
        steps: int | None = None,
        metric: re.Pattern[str] | None = None,
        goal: Goal = "min",
        seconds: float | None = None,
        working_folder: str = "",
    ) -> None:
        self._remedies = tuple(remedies)
        self._steps = steps
        self._seconds = seconds
        self._working_folder = working_folder
        self._seeds = ShiftedSeeds(seed)
        self._metric = PrintedMetric(metric, lambda: self._counter.steps) if metric is not None else None
        self._goal = goal
        self._losses: LossCalls | None = None
        self._stages: list[Stage] = []
        self._owner = os.getpid()
        self._counter = StepCounter()
        self._failures: list[str] = []
        """Why it could not be begun as it was asked for."""
        self._first_step_at: float | None = None
        self._stopped: Literal["", "steps", "seconds"] = ""
        self._mode: Any = None
        self._begin_observing: Callable[[], None] | None = None

    def begin(self) -> None:
        """Go to the working folder, where there is one, and shift seeds from now on."""
        if self._working_folder:
            os.chdir(self._working_folder)
        self._seeds.start()
        if self._metric is not None:
            self._metric.start()

    def before_observing(self) -> None:
        """Start the treatments; torch has just been imported by the script. Does not raise: what fails makes the trial not count."""
        self._try(self._start)

    def _try(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception as error:
            if is_interruption(error):
                raise
            self._failures.append(failure(error).why)

    def _start(self) -> None:
        from ._loss_calls import LossCalls

        self._seeds.torch()
        self._losses = LossCalls(lambda: self._counter.steps)
        self._losses.start()
        if not self._remedies:
            return
        import torch

        from reluctant.instrument.building_lines import BuildingLines
        from reluctant.instrument.guard import Guard

        from ._calls import TreatedCalls
        from ._places import places_of_call
        from ._stage import Stage

        script = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or "")  # now: the script may change the folder
        lines = BuildingLines(Guard(lambda: None))
        lines.start()
        self._stages = [Stage(remedy, script, lines, lambda: self._counter.steps, self._seeds.shift) for remedy in self._remedies]
        for stage in self._stages:
            stage.remedy.start(stage)
        self._hook(torch_private.GLOBAL_STEP_HOOK, self._before_step)
        self._hook(torch_private.AFTER_STEP_HOOK, self._after_step)
        treaters = [treater for stage in self._stages for treater in stage.treaters]
        if treaters:
            torch.compiler.set_stance("force_eager")  # compiled code calls nothing that could be treated
            self._mode = TreatedCalls(treaters, lambda: places_of_call(lines))
            self._mode.__enter__()
            LEDGER.note(TRIAL_EAGER)
            LEDGER.note(TRIAL_MODE)

    @property
    def is_learning(self) -> bool:
        """Whether a treatment still needs to see the untreated network."""
        return any(stage.is_learning for stage in self._stages)

    def after_observing(self, begin_observing: Callable[[], None]) -> None:
        """Count steps, once everything else has been told of them; `begin_observing` lets the observer watch that has waited."""
        if self.is_learning:
            self._begin_observing = begin_observing
        self._try(lambda: self._hook(torch_private.AFTER_STEP_HOOK, self._count_step))

    def _hook(self, register: torch_private.PrivateName, function: Callable[..., None]) -> None:
        LEDGER.note(TRIAL_STEP_HOOKS, register.get()(function).remove)

    def plain(self, recording: Recording) -> Trial:
        """What was done, as data; `recording` is what was seen of it."""
        treatments = tuple(stage.plain() for stage in self._stages) or tuple(self._never_started(remedy) for remedy in self._remedies)
        why_not = [*self._failures]
        why_not += [f"{report.name}: {entry.why}" for report in treatments for entry in report.not_applied if entry.asked]
        return Trial(
            seed=self._seeds.shift,
            steps=self._steps,
            seconds=self._seconds,
            stopped=self._stopped,
            working_folder=self._working_folder,
            counts=not why_not,
            why_not="; ".join(dict.fromkeys(why_not)),
            treatments=treatments,
            seeds=self._seeds.plain(),
            goal=self._goal,
            curves=self._curves(recording),
        )

    def _curves(self, recording: Recording) -> tuple[Curve, ...]:
        """The metric, what backward was called on, the line that called it most often first, and what the loss functions gave."""
        ordered = sorted(recording.loss_curves, key=lambda curve: -sum(point.passes for point in curve.points))
        return (
            *((self._metric.curve(),) if self._metric is not None else ()),
            *(Curve("backward", root=curve.root, points=curve.points) for curve in ordered),
            *(self._losses.curves() if self._losses is not None else ()),
        )

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for stage in self._stages:
            for hooks in stage.step_hooks:
                hooks.before(optimizer)

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for stage in reversed(self._stages):
            for hooks in stage.step_hooks:
                hooks.after(optimizer)

    def _count_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Count an iteration, in which each optimizer steps once, and end the script after the last; its seconds begin with the first."""
        if os.getpid() != self._owner:
            return
        if self._begin_observing is not None and not self.is_learning:
            self._begin_observing()
            self._begin_observing = None
        made = self._counter.count(optimizer)
        if self._steps is not None and made >= self._steps:
            self._end("steps")
        if self._seconds is not None:
            now = time.monotonic()
            if self._first_step_at is None:
                self._first_step_at = now
            if now - self._first_step_at >= self._seconds:
                self._end("seconds")

    def _end(self, limit: Literal["steps", "seconds"]) -> NoReturn:
        self._stopped = limit
        raise TrialEnd

    def _never_started(self, remedy: Remedy) -> TreatmentReport:
        request = remedy.request
        why = NotApplied(None, self._failures[0] if self._failures else "the script never imported torch")
        return TreatmentReport(request.name, request.arguments, tuple(map(str, request.lines)), (), (why,))
