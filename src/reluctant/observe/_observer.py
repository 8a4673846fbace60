"""Watches a training run from outside and fills a recording."""

from __future__ import annotations

import dataclasses
import functools
import linecache
import platform
import re
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch

from reluctant import __version__
from reluctant.errors import UsageError
from reluctant.instrument import torch_private
from reluctant.instrument.building_lines import BuildingLines
from reluctant.instrument.guard import Guard
from reluctant.instrument.patches import LEDGER, MAKE_GRADS, STEP_HOOKS, AppliedPatch, undo_all
from reluctant.recording import Document, Layer, Location, Recording, Site, Unobserved, save

from ._children import Children
from ._compiled import CompiledModels
from ._out_of_sight import out_of_sight
from ._parameter_record import RECORDED
from ._passes import Passes
from ._schedule import Schedule

WRITTEN_EVERY_SECONDS = 2.0
"""At most once in this time is the recording written, and never for more than 1/200 of the run's time."""

IGNORE_COMMENT = re.compile(r"#\s*reluctant:\s*ignore\s*\[([^\]]*)\]")


class Observer:
    """Reads autograd's graph at chosen backward passes; the run itself is left bit for bit as it was.

    `attach` starts and `detach` ends the watching; `recording` gives what was seen so far at any time. An error in
    here is told once on stderr and ends the watching, never the run.
    """

    def __init__(
        self,
        *,
        script: str = "",
        arguments: tuple[str, ...] = (),
        budget_share: float = 0.03,
        free_seconds: float = 2.0,
        leave_compiled: bool = False,
        output: Path | None = None,
    ) -> None:
        self._script, self._arguments = script, tuple(arguments)
        self._schedule = Schedule(budget_share, free_seconds)
        self._output, self._next_write = output, 0.0
        self._guard = Guard(self.detach)
        self._compiled = CompiledModels(leave_compiled, self._guard, self._schedule.due)
        self._building = BuildingLines(self._guard)
        self._children = Children(self._guard(self._leave_child))
        self._passes = Passes(self._schedule, self._guard, self._building, self._compiled, self._write_now_and_then)
        self._patches: list[AppliedPatch] = []
        self._attached = self._begun = self._waits = False

    def attach(self, *, waiting: bool = False) -> None:
        """Start watching. torch must have been imported.

        Where it is `waiting`, only what is built is noted, and nothing of training, until `begin` is called.
        """
        if self._attached:
            return
        self._attached, self._waits = True, waiting
        self._guard(self._attach)()
        if not waiting:
            self.begin()

    def begin(self) -> None:
        """Watch training from now on."""
        if self._attached and not self._begun:
            self._begun = True
            self._guard(self._passes.start)()

    def _attach(self) -> None:
        torch_private.require("observe")
        self._building.start()
        self._compiled.start()
        self._children.start()
        before_backward = self._guard(self._passes.before_backward)

        # It has returned before the engine runs: replacing it, and not backward() and grad(), leaves no frame of ours in a traceback
        # that passes through backward.
        def make(applied: AppliedPatch) -> Callable[..., Any]:
            def _make_grads(outputs: Any, *args: Any, **kwargs: Any) -> Any:
                if not applied.on:
                    return applied.retired()(outputs, *args, **kwargs)
                before_backward(outputs)
                return applied.original(outputs, *args, **kwargs)

            return _make_grads

        self._patches.append(LEDGER.replace(MAKE_GRADS, make))
        for register, noted in (
            (torch_private.GLOBAL_STEP_HOOK.get(), self._passes.before_step),
            (torch_private.AFTER_STEP_HOOK.get(), self._passes.after_step),
        ):
            add = functools.partial(register, self._guard(noted))
            self._patches.append(LEDGER.switch(STEP_HOOKS, add, lambda handle: handle.remove()))

    def detach(self) -> None:
        """Put everything back as it was found. May be called more than once; does not raise."""
        if not self._attached:
            return
        self._attached = False
        try:
            self._put_back()
        except BaseException as error:
            with suppress(Exception):  # the first is told
                self._put_back()  # again: a signal handler may have raised between two of them
            if not isinstance(error, Exception):
                raise
            self._guard.fail(error)  # it would come up in the user's code, where the watching ends

    def _put_back(self) -> None:
        stop_hooks = functools.partial(undo_all, self._patches)
        with ExitStack() as everything:  # whatever fails, the others are put back
            for undo in (stop_hooks, self._building.stop, self._children.stop, self._compiled.stop, self._passes.stop):
                everything.callback(undo)

    def _leave_child(self) -> None:
        """A forked child is not watched, and must not write its parent's recording."""
        self._output = None
        self.detach()

    def _write_now_and_then(self) -> None:
        """Write the recording as the run goes, so that a killed run still has its report."""
        begin = time.perf_counter()
        if self._output is None or begin < self._next_write:
            return
        recording = self.recording(finished=False)
        with suppress(UsageError):  # a full disk is no reason to stop watching; what is written at the end tells of it
            save(Document(recording), self._output, force=True)
        end = time.perf_counter()
        self._next_write = end + max(WRITTEN_EVERY_SECONDS, 200 * (end - begin))

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self._passes.step

    def status(self) -> dict[str, float | int | None]:
        """A few numbers about the run as it goes."""
        return {
            "step": self.step,
            "passes": self._passes.passes,
            "loss": self._passes.last_loss,
            "sites": len(self._passes.registry.sites),
            "measured_steps": len(self._passes.measured_steps),
            "overhead_share": self._schedule.overhead_share(),
        }

    def recording(self, exit_code: int | None = None, finished: bool = True) -> Recording:
        """What was seen so far. Does not raise: where it cannot be told, the recording says so."""
        run = Recording(
            script=self._script,
            arguments=self._arguments,
            reluctant=__version__,
            torch=str(torch.__version__),
            python=platform.python_version(),
            exit_code=exit_code,
            finished=finished,
        )
        try:
            with out_of_sight():
                return self._with_observed(run)
        except Exception as error:  # noqa: BLE001 - it would come up in the user's code that asks
            self._guard.fail(error)
            return dataclasses.replace(run, not_observed=self._guard.notes())

    def _not_observed(self) -> tuple[Unobserved, ...]:
        passes = self._passes
        if self._guard.error is not None and not passes.passes:  # the other reasons would be guesses
            return self._guard.notes()
        notes = [*passes.notes, *self._compiled.notes(), *passes.registry.notes(), *self._children.notes(passes.passes)]
        if not self._begun and not self._waits:
            return (Unobserved("the whole run", "the watching was never begun", advice="Train inside `with reluctant.watch() as exam:`"),)
        if not self._begun:
            why = "they come before the first optimizer step that the treatment waits for"
            notes.append(Unobserved("all backward passes", why, advice="Let an optimizer make the steps"))
        if passes.traced and not passes.passes:
            why = "they run while torch simulates or writes down operations, where nothing has a value"
            notes.append(Unobserved("all backward passes", why, advice="Train on real tensors"))
        return tuple(dict.fromkeys([*notes, *self._guard.notes()]))

    def _with_observed(self, run: Recording) -> Recording:
        """The recording with what was seen in it."""
        passes = self._passes
        registry = passes.registry
        sites, layers = tuple(s.plain() for s in registry.sites.values()), tuple(layer.plain() for layer in registry.layers.values())
        losses = tuple(loss.plain() for loss in registry.losses.values())
        calls: tuple[Site | Layer, ...] = (*sites, *layers)
        places = [place for call in calls for place in (call.place, call.called, call.built)]
        places += [place for loss in losses for place in (loss.place, loss.built)]
        return dataclasses.replace(
            run,
            steps=self.step,
            passes=passes.passes,
            measured_steps=len(passes.measured_steps),
            overhead_share=self._schedule.overhead_share(),
            seconds=time.perf_counter() - self._schedule.started,
            sites=sites,
            layers=layers,
            parameters=tuple(p.plain() for p in passes.parameters.records[:RECORDED] if p.is_recorded),
            optimizers=tuple(record.plain() for record in passes.optimizers.records),
            graphs=tuple(g.plain() for g in registry.graphs),
            losses=losses,
            suppressions=suppressions(places),
            loss_curves=tuple(c.plain() for c in passes.curves.values()),
            not_observed=self._not_observed(),
            device=passes.device,
            models=tuple(registry.roots),
            kept_bytes=passes.kept.largest,
        )


def suppressions(places: Iterable[Location | None]) -> tuple[tuple[str, int, str], ...]:
    """(file, line, selector) for each ``# reluctant: ignore[RL201, dead-units]`` on one of the lines."""
    found: dict[tuple[str, int, str], None] = {}
    for file, line in dict.fromkeys((place.file, place.line) for place in places if place is not None):
        comment = IGNORE_COMMENT.search(linecache.getline(file, line))
        for selector in comment.group(1).split(",") if comment else ():
            if selector.strip():
                found[file, line, selector.strip()] = None
    return tuple(found)
