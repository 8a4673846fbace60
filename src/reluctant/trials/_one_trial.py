"""One trial: a script under treatments, with its seeds shifted, for a number of steps or seconds."""

from __future__ import annotations

import functools
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
from reluctant.treatments import RunningScript, Treatment, Whereabouts

from ._printed_metric import PrintedMetric
from ._seeds import ShiftedSeeds

if TYPE_CHECKING:
    from ._loss_calls import LossCalls


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
        treatments: Sequence[Treatment] = (),
        seed: int = 0,
        steps: int | None = None,
        metric: re.Pattern[str] | None = None,
        goal: Goal = "min",
        seconds: float | None = None,
        working_folder: str = "",
    ) -> None:
        self._treatments = tuple(treatments)
        self._steps = steps
        self._seconds = seconds
        self._working_folder = working_folder
        self._seeds = ShiftedSeeds(seed)
        self._metric = PrintedMetric(metric, lambda: self._counter.steps) if metric is not None else None
        self._goal = goal
        self._losses: LossCalls | None = None
        self._scripts: list[RunningScript] = []
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
        if not self._treatments:
            return
        import torch

        from reluctant.instrument.building_lines import BuildingLines
        from reluctant.instrument.guard import Guard

        from ._call_places import caller, places_of_call
        from ._calls import TreatedCalls

        file = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or "")  # now: the script may change the folder
        lines = BuildingLines(Guard(lambda: None))
        lines.start()
        whereabouts = Whereabouts(file, caller, lines.of, functools.partial(lines.alive, torch.optim.Optimizer))
        step, seed = lambda: self._counter.steps, self._seeds.shift
        self._scripts = [RunningScript(treatment, whereabouts, step, seed) for treatment in self._treatments]
        for script in self._scripts:
            script.treatment.start(script)
        self._hook(torch_private.GLOBAL_STEP_HOOK, self._before_step)
        self._hook(torch_private.AFTER_STEP_HOOK, self._after_step)
        interceptions = [interception for script in self._scripts for interception in script.interceptions]
        if interceptions:
            # Compiled code calls nothing that could be treated.
            LEDGER.switch(TRIAL_EAGER, lambda: torch.compiler.set_stance("force_eager"))
            self._mode = TreatedCalls(interceptions, lambda: places_of_call(lines))
            LEDGER.switch(TRIAL_MODE, self._mode.__enter__)

    @property
    def is_learning(self) -> bool:
        """Whether a treatment still needs to see the untreated network."""
        return any(script.is_learning for script in self._scripts)

    def after_observing(self, begin_observing: Callable[[], None]) -> None:
        """Count steps, once everything else has been told of them; `begin_observing` lets the observer watch that has waited."""
        if self.is_learning:
            self._begin_observing = begin_observing
        self._try(lambda: self._hook(torch_private.AFTER_STEP_HOOK, self._count_step))

    def _hook(self, register: torch_private.PrivateName, function: Callable[..., None]) -> None:
        LEDGER.switch(TRIAL_STEP_HOOKS, lambda: register.get()(function))

    def plain(self, recording: Recording) -> Trial:
        """What was done, as data; `recording` is what was seen of it."""
        reports = tuple(script.report() for script in self._scripts) or tuple(map(self._never_started, self._treatments))
        why_not = [*self._failures]
        why_not += [f"{report.name}: {entry.why}" for report in reports for entry in report.not_applied if entry.asked]
        return Trial(
            seed=self._seeds.shift,
            steps=self._steps,
            seconds=self._seconds,
            stopped=self._stopped,
            working_folder=self._working_folder,
            counts=not why_not,
            why_not="; ".join(dict.fromkeys(why_not)),
            treatments=reports,
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
        for script in self._scripts:
            for hooks in script.step_hooks:
                hooks.before(optimizer)

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for script in reversed(self._scripts):
            for hooks in script.step_hooks:
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

    def _never_started(self, treatment: Treatment) -> TreatmentReport:
        request = treatment.request
        why = NotApplied(None, self._failures[0] if self._failures else "the script never imported torch")
        return TreatmentReport(request.name, request.arguments, tuple(map(str, request.lines)), (), (why,))
