"""Watches a training run from outside and fills a recording."""

from __future__ import annotations

import math
import os
import platform
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils._python_dispatch import _disable_current_modes

from reluctant import __version__
from reluctant.recording import Location, NotObserved, Recording

from ._autograd_graph import RawGraph, read_graph
from ._binding import GraphRecord, Registry
from ._building_line import BuildingLines
from ._call_stack import StackCapture, carries_stacks, is_users, location_of
from ._compiled import CompiledModels
from ._guard import Guard
from ._loss_curve import LossCurveRecord
from ._measured_pass import MeasuredPass
from ._optimizer_record import Optimizers
from ._parameter_record import RECORDED, ParameterRecord, Parameters, after_step, note_values
from ._plan import Plan, make_plan
from ._saved_tensor_hooks import SavedTensorHooks
from ._schedule import Schedule
from ._suppressions import suppressions
from ._writer import Writer

PLANS = 128
"""At most this many kinds of backward pass are remembered."""
SETTLED = 6
"""After this many passes in a row of known structure, forward passes are no longer learned from."""
CURVES = 64
"""At most this many lines that call backward have a loss curve of their own."""
UNASKED = 16
"""At most this many forward passes are learned from beyond the budget."""
GRAPHS = 32
"""At most this many kinds of backward pass are recorded with their structure."""


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
        self._writer = Writer(output)
        self._guard = Guard(self.detach)
        self._attached = False
        self._busy = threading.RLock()
        self._capture = StackCapture(self._guard.fail)
        self._hooks = SavedTensorHooks()
        self._compiled = CompiledModels(leave_compiled)
        self._building = BuildingLines()
        self._parameters = Parameters()
        self._registry = Registry(self._building, self._parameters)
        self._plans: dict[int, tuple[Plan, GraphRecord | None]] = {}
        self._curves: dict[Any, LossCurveRecord] = {}
        self._optimizers = Optimizers()
        self._handles: list[Any] = []
        self._open: MeasuredPass | None = None
        self._root_handle: Any = None
        self._updating: list[ParameterRecord] = []
        self._measured: set[int] = set()
        self._measured_passes = 0
        self._measure_update = False
        self._stepped: set[int] = set()
        self._known_in_a_row = 0
        self._learn = True
        self._unasked, self._unasked_left = False, UNASKED
        self._passes = self._steps = self._graphs_met = 0
        self._last_loss: float | None = None
        self._device = "cpu"
        self._notes: dict[str, NotObserved] = {}
        self._original_make_grads: Callable[..., Any] | None = None

    def attach(self) -> None:
        """Start watching. torch must have been imported."""
        if self._attached:
            return
        self._attached = True
        self._guard(self._attach)()

    def _attach(self) -> None:
        self._building.start()
        self._hooks.start()
        self._compiled.start()
        # Both backward() and grad() call this before they run the engine. Replacing it, rather than them, leaves no
        # frame of ours in a traceback that passes through backward.
        original = self._original_make_grads = torch.autograd._make_grads
        before_backward = self._guard(self._before_backward)

        def _make_grads(outputs: Any, *args: Any, **kwargs: Any) -> Any:
            before_backward(outputs)
            return original(outputs, *args, **kwargs)

        self._patched_make_grads = _make_grads
        torch.autograd._make_grads = _make_grads
        self._handles.append(register_optimizer_step_pre_hook(self._guard(self._before_step)))
        self._handles.append(register_optimizer_step_post_hook(self._guard(self._after_step)))
        os.register_at_fork(after_in_child=self._leave_child)
        self._prepare_next()

    def detach(self) -> None:
        """Put everything back as it was found. May be called more than once."""
        if not self._attached:
            return
        self._attached = False
        self._capture.stop()
        self._compiled.stop()
        self._hooks.stop()
        self._building.stop()
        if self._original_make_grads is not None and torch.autograd._make_grads is self._patched_make_grads:
            torch.autograd._make_grads = self._original_make_grads
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        open_pass, self._open = self._open, None
        if self._root_handle is not None:
            self._root_handle.remove()
            self._root_handle = None
        if open_pass is not None:
            open_pass.release()

    def _leave_child(self) -> None:
        """A forked child is not watched, and must not write its parent's recording."""
        if self._attached:
            self._writer.forget()
            self.detach()

    @property
    def step(self) -> int:
        """Steps made so far (optimizers that take turns share one), or backward passes where no optimizer ever stepped."""
        return self._steps if self._optimizers.records else self._passes

    def status(self) -> dict[str, float | int | None]:
        """A few numbers about the run as it goes."""
        return {
            "step": self.step,
            "passes": self._passes,
            "loss": self._last_loss,
            "sites": len(self._registry.sites),
            "measured_steps": len(self._measured),
            "overhead_share": self._schedule.overhead_share(),
        }

    def _before_backward(self, outputs: Any) -> None:
        begin = time.perf_counter()
        line = _calling_line()
        wanted = self._schedule.counts(line)
        special = self._capture.on or self._open is not None or _is_inside_a_mode()
        if not (wanted or special):
            value = self._note_loss(line, outputs)
            if value is None or math.isfinite(value) or self._curves[line].first_non_finite_step != self.step:
                self._passes += 1
                self._prepare_next()
                self._schedule.spent += time.perf_counter() - begin
                return
        if self._busy.acquire(blocking=False):
            try:
                with _OutOfSight():
                    self._close_pass()
                    self._begin_pass(line, [t for t in outputs if isinstance(t, Tensor)], wanted)
            finally:
                self._busy.release()
        self._schedule.spent += time.perf_counter() - begin

    def _begin_pass(self, line: Any, outputs: list[Tensor], wanted: bool) -> None:
        step = self.step
        self._passes += 1
        if torch._C._functorch.peek_interpreter_stack() is not None:
            why = "values there stand for a whole batch of models and cannot be read one by one"
            self._note("torch.func", "gradients taken inside torch.func transforms", why)
            return
        value = self._note_loss(line, outputs)
        self._capture.pause()
        raw = read_graph(outputs, self._parameters.number)
        if not raw.nodes:
            return
        if wanted or self._capture.on:
            self._at_the_end_of(raw)
        plan, graph = self._plan_of(raw, line, step)
        if graph is None:
            return
        graph.passes += 1
        graph.last_step = step
        if line in self._curves:
            self._curves[line].graph = graph.number
        if wanted or (value is not None and not math.isfinite(value)):
            self._measure(plan, raw, step, value)

    def _plan_of(self, raw: RawGraph, line: Any, step: int) -> tuple[Plan, GraphRecord | None]:
        """The plan for a graph: known by its signature, or learned now, or (without call stacks) to be learned next time."""
        known = self._plans.get(raw.signature)
        if known is not None and (known[0].learned or not carries_stacks(raw)):
            self._known_in_a_row += known[0].learned
            if self._known_in_a_row >= SETTLED:
                self._learn = False
            if not known[0].learned:
                self._learn_again()
            return known
        plan = make_plan(raw, self._parameters.number)
        graph = None
        if plan.learned:
            graph = GraphRecord(self._graphs_met, plan, location_of(*line) if line else None, step, step)
            self._graphs_met += 1
            if len(self._registry.graphs) < GRAPHS:
                self._registry.graphs.append(graph)
            self._registry.bind(plan, graph)
            self._known_in_a_row = 0
        else:
            self._learn_again()
        if len(self._plans) >= PLANS:
            self._plans.pop(next(iter(self._plans)))
        self._plans[raw.signature] = (plan, graph)
        return plan, graph

    def _learn_again(self) -> None:
        """Learn from the next forward pass: a new kind of pass is looked at once, even where the budget is spent."""
        self._learn, self._known_in_a_row = True, 0
        self._unasked = self._unasked_left > 0
        self._unasked_left -= self._unasked

    def _measure(self, plan: Plan, raw: RawGraph, step: int, value: float | None) -> None:
        outputs = self._measured_passes < 4 or self._measured_passes % 8 == 0
        self._device = str(raw.device)
        measured = MeasuredPass(plan, raw, self._registry, step, self._guard, unpack=not self._hooks.used, outputs=outputs)
        self._open = measured
        measured.read()
        measured.hook()
        if value is not None:
            for node in plan.nodes:
                if node.loss is not None:
                    node.loss.add_value(value)
        self._measured.add(step)
        self._measured_passes += 1
        self._measure_update = True

    def _at_the_end_of(self, raw: RawGraph) -> None:
        """Have the engine call back when this pass is over."""
        root = raw.nodes[raw.roots[0]].node
        self._root_handle = root.register_prehook(self._guard(self._at_root))

    def _at_root(self, gradients: Any) -> None:
        """Runs inside backward, from where the engine can be asked to call back at its end."""
        torch.autograd.Variable._execution_engine.queue_callback(self._guard(self._after_backward))

    def _after_backward(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        begin = time.perf_counter()
        try:
            with _OutOfSight():
                self._close_pass()
        finally:
            self._schedule.spent += time.perf_counter() - begin
            self._busy.release()

    def _close_pass(self) -> None:
        measured, self._open = self._open, None
        if self._root_handle is not None:
            self._root_handle.remove()
            self._root_handle = None
        if measured is not None:
            measured.finish()
            self._schedule.spent += measured.seconds
            self._schedule.dense = measured.undecided
            if not self._optimizers.records and self._passes > 8:
                note_values(self._parameters.records[:512], self.step)
            self._writer.write_now_and_then(self)
        self._prepare_next()

    def _prepare_next(self) -> None:
        """Decide whether the coming forward pass is learned from, and whether compiled models run eagerly in it."""
        if self._capture.on or self._learn:
            self._schedule.spent += self._capture.seconds()
            if self._learn and self._attached and (self._unasked or self._schedule.affordable()):
                self._unasked = False
                self._capture.start()
            else:
                self._capture.stop()
        if self._compiled.used:
            self._compiled.measure(self._schedule.due())

    def _note_loss(self, line: Any, outputs: Any) -> float | None:
        curve = self._curves.get(line)
        if curve is None:
            if len(self._curves) >= CURVES:
                return None
            curve = self._curves[line] = LossCurveRecord(location_of(*line) if line else None)
        loss = outputs[0] if outputs else None
        if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.is_cpu or loss.is_complex():
            return None
        value = float(loss.item())
        curve.add(self.step, value)
        self._last_loss = value
        return value

    def _before_step(self, optimizer: Any, *_: Any) -> None:
        known = self._optimizers.find(optimizer)
        if self._open is None and not self._measure_update and known is not None:
            return
        begin = time.perf_counter()
        with _OutOfSight():
            self._close_pass()
            if known is None:
                known = self._optimizers.add(optimizer, self._building.of(optimizer))
            if self._measure_update:
                self._updating = known.before_step(optimizer, self.step, self._parameters)
        self._schedule.spent += time.perf_counter() - begin

    def _after_step(self, optimizer: Any, *_: Any) -> None:
        known = self._optimizers.find(optimizer)
        if known is None:
            return
        if self._updating:
            begin = time.perf_counter()
            with _OutOfSight():
                after_step(self._updating, self.step)
            self._updating = []
            self._schedule.spent += time.perf_counter() - begin
        self._measure_update = False
        known.steps += 1
        # Optimizers that take turns share a step; one that comes round again begins the next.
        if known.number in self._stepped:
            self._stepped.clear()
        if not self._stepped:
            self._steps += 1
        self._stepped.add(known.number)

    def _note(self, key: str, what: str, why: str, place: Location | None = None, advice: str = "") -> None:
        self._notes.setdefault(key, NotObserved(what, why, place, advice))

    def recording(self, exit_code: int | None = None, finished: bool = True) -> Recording:
        """What was seen so far."""
        for note in (*self._compiled.notes(), *self._hooks.notes(), *self._guard.notes()):
            self._notes.setdefault(note.what, note)
        if self._registry.too_many_sites:
            self._note("sites", "some activations", "there were more than 2,048 different ones")
        registry = self._registry
        sites, layers = tuple(s.plain() for s in registry.sites.values()), tuple(layer.plain() for layer in registry.layers.values())
        losses = tuple(loss.plain() for loss in registry.losses.values())
        places = [
            *(place for site in sites for place in (site.place, site.called, site.built)),
            *(place for layer in layers for place in (layer.place, layer.called, layer.built)),
            *(place for loss in losses for place in (loss.place, loss.built)),
        ]
        return Recording(
            script=self._script,
            arguments=self._arguments,
            reluctant=__version__,
            torch=str(torch.__version__),
            python=platform.python_version(),
            exit_code=exit_code,
            finished=finished,
            steps=self.step,
            passes=self._passes,
            measured_steps=len(self._measured),
            overhead_share=self._schedule.overhead_share(),
            seconds=time.perf_counter() - self._schedule.started,
            sites=sites,
            layers=layers,
            parameters=tuple(p.plain() for p in self._parameters.records[:RECORDED] if p.is_told),
            optimizers=tuple(record.plain() for record in self._optimizers.records),
            graphs=tuple(g.plain() for g in registry.graphs),
            losses=losses,
            suppressions=suppressions(places),
            loss_curves=tuple(c.plain() for c in self._curves.values()),
            not_observed=tuple(self._notes.values()),
            device=self._device,
            models=tuple(registry.roots),
        )


def _calling_line() -> tuple[types.CodeType, int] | None:
    """The innermost line of the user's code that is running."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return frame.f_code, frame.f_lineno or 0
        frame = frame.f_back
    return None


def _is_inside_a_mode() -> bool:
    """Whether the user has pushed something that would see, or change, our own tensor operations."""
    return bool(
        torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch._C._functorch.peek_interpreter_stack() is not None
    )


class _OutOfSight:
    """Our own tensor operations: without gradient, and unseen by modes that the user has pushed."""

    def __enter__(self) -> None:
        self._parts = [torch.no_grad(), torch._C.DisableTorchFunction(), _disable_current_modes()]
        self._parts += [torch.autocast(device, enabled=False) for device in ("cpu", "cuda") if torch.is_autocast_enabled(device)]
        for part in self._parts:
            part.__enter__()

    def __exit__(self, *error: Any) -> None:
        for part in reversed(self._parts):
            part.__exit__(*error)
