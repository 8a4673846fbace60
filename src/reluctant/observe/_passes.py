"""What is done at each backward call and each optimizer step: which passes are learned from, and which are measured."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Gated, definitions
from reluctant.instrument import torch_private
from reluctant.instrument.building_lines import BuildingLines
from reluctant.instrument.frames import location_of, users_line
from reluctant.instrument.guard import Guard
from reluctant.instrument.loss_curve import LossCurveRecord
from reluctant.recording import Unobserved

from . import _operations as ops
from ._autograd_graph import RawGraph, read_graph
from ._binding import GraphRecord, Registry
from ._call_stack import StackCapture, count_stacks
from ._compiled import CompiledModels
from ._kept_bytes import KeptBytes, kept_bytes
from ._measured_pass import MeasuredPass
from ._optimizer_record import Optimizers
from ._out_of_sight import is_inside_a_mode, is_plain, is_tracing, out_of_sight, underlying
from ._parameter_record import Parameters, after_step, note_values
from ._plan import GraphPlan, make_plan
from ._saved_tensor import saved_tensor
from ._schedule import Schedule

_graph_task = torch_private.GRAPH_TASK.get()
_queue_callback = torch_private.QUEUE_CALLBACK.get()

PLANS = 128
"""At most this many kinds of backward pass are remembered."""
PLAN_NODES = 400_000
"""And no more than have this many operations in all."""
SETTLED = 6
"""After this many passes in a row of known structure, forward passes are no longer learned from."""
UNASKED = 16
"""At most this many forward passes are learned from beyond the budget."""
CURVES = 64
"""At most this many lines that call backward have a loss curve of their own."""
GRAPHS = 32
"""At most this many kinds of backward pass are recorded with their structure."""
NEVER_STEPPED = 64
"""After this many passes without a step, an optimizer that was built is taken to be unused."""
RECOMPUTED = "CheckpointFunctionBackward"
"""The node that runs the forward pass of a checkpointed region again, and a backward pass of its own, inside the pass around it."""

GATED = {definition.name: definition.torch_code for definition in definitions().values() if issubclass(definition, Gated)}
"""Gated pairs that a kernel of ours computes in one operation, with what computes them in two."""
GATED["glu"] = "a * torch.sigmoid(b)"


class Passes:
    """Looks at backward passes and optimizer steps as they come; everything that was seen is in its records."""

    def __init__(
        self, schedule: Schedule, guard: Guard, building: BuildingLines, compiled: CompiledModels, after_measuring: Callable[[], None]
    ) -> None:
        self.schedule = schedule
        self.parameters = Parameters()
        self.registry = Registry(building, self.parameters)
        self.optimizers = Optimizers()
        self.kept = KeptBytes()
        self.curves: dict[Any, LossCurveRecord] = {}
        self.notes: dict[Unobserved, None] = {}
        self.passes = self.traced = 0
        self.measured_steps: set[int] = set()
        self.last_loss: float | None = None
        self.device = "cpu"
        self._guard, self._building, self._compiled, self._after_measuring = guard, building, compiled, after_measuring
        self._capture = StackCapture(guard)
        self._busy = threading.RLock()
        self._plans: dict[int, tuple[GraphPlan, GraphRecord | None]] = {}
        self._open: list[MeasuredPass] = []
        self._measured_passes = self._remembered_in_a_row = self._graphs_met = 0
        self._learn, self._watching = True, False
        self._unasked, self._unasked_left = False, UNASKED

    @property
    def step(self) -> int:
        """Steps made so far, see `Optimizers.steps`; backward passes where no optimizer ever steps."""
        expected = self._building.optimizers_built and self.passes < NEVER_STEPPED
        return self.optimizers.steps if self.optimizers.records or expected else self.passes

    def start(self) -> None:
        """Make ready for the first pass."""
        self._watching = True
        self._prepare_forward()

    def stop(self) -> None:
        """Let go of a pass that is still open, and of everything switched on for the next."""
        self._watching = False
        self._capture.stop()
        for measured in self._open:
            measured.release()
        self._open.clear()

    def before_backward(self, outputs: Any) -> None:
        """A backward pass, or torch.autograd.grad, is about to start from `outputs`."""
        if not self._watching:
            return
        if is_tracing():
            self.traced += 1
            return
        begin = time.perf_counter()
        if self._busy.acquire(blocking=False):
            try:
                if _graph_task() == -1:
                    self._look(users_line(), outputs)
                else:
                    self._look_inside(outputs)
            finally:
                self._busy.release()
        else:
            self.passes += 1
        self.schedule.spent += time.perf_counter() - begin

    def before_step(self, optimizer: Any, *_: Any) -> None:
        """`optimizer` is about to make a step."""
        record = self.optimizers.find(optimizer)
        if not self._watching or (record is not None and record.measured_at == self._measured_passes):
            return
        begin = time.perf_counter()
        with out_of_sight():
            self._close_stale()
            if record is None:
                record = self.optimizers.add(optimizer, self._building.of(optimizer))
            if record.measured_at != self._measured_passes:
                record.measured_at = self._measured_passes
                record.before_step(optimizer, self.step, self.parameters)
        self.schedule.spent += time.perf_counter() - begin

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """`optimizer` has made a step."""
        record = self.optimizers.find(optimizer)
        if record is None or not self._watching:
            return
        if record.updating:
            begin = time.perf_counter()
            with out_of_sight():
                after_step(record.updating, self.step)
            record.updating = []
            self.schedule.spent += time.perf_counter() - begin
        self.optimizers.count_step(record, optimizer)

    def _look(self, line: Any, outputs: Any) -> None:
        wanted = self.schedule.counts(line)
        if not (wanted or self._capture.on or self._open):
            with out_of_sight() if is_inside_a_mode() else nullcontext():
                value = self._note_loss(line, outputs)
            if value is None or math.isfinite(value) or self.curves[line].first_non_finite_step != self.step:
                self.passes += 1
                self._prepare_forward(_root_of(outputs) if self._learn else None)
                return
            with out_of_sight():
                self._begin(line, outputs, True, [value])
        else:
            with out_of_sight():
                self._begin(line, outputs, wanted, [])

    def _begin(self, line: Any, outputs: Any, wanted: bool, noted: list[float]) -> None:
        """Read the graph; `noted` holds the loss where it was noted already."""
        self._capture.pause()
        self._close_stale()
        step = self.step
        raw = read_graph([t for t in outputs if isinstance(t, Tensor)], self.parameters.numbers)
        plan, graph = self._plan_of(raw, line, step) if raw.nodes else (None, None)
        if plan is not None and (curve := self._curve(line)) is not None:
            curve.scaled = plan.scaled
        value = noted[0] if noted else self._note_loss(line, outputs)
        self.passes += 1
        if plan is None or graph is None:
            if wanted and plan is not None and plan.passed_over and not noted:
                self.schedule.postpone(line)
            self._prepare_forward(_root_of(outputs))
            return
        graph.passes += 1
        graph.last_step = step
        if line in self.curves:
            self.curves[line].graph = graph.number
        if (wanted or (value is not None and not math.isfinite(value))) and not self._open:
            self._measure(plan, raw, step, value)
        else:
            self._prepare_forward(raw.nodes[raw.roots[0]].node)

    def _look_inside(self, outputs: Any) -> None:
        """A backward pass that runs inside another: a checkpointed region that was run again is measured with the pass around it."""
        capturing = self._capture.on
        self._capture.pause()
        here = threading.get_ident()
        if not any(measured.thread == here for measured in self._open):
            return
        with out_of_sight():
            raw = read_graph([t for t in outputs if isinstance(t, Tensor)], self.parameters.numbers)
            if not raw.nodes or (not capturing and raw.signature not in self._plans):
                return
            plan, _ = self._plan_of(raw, None, self.step, part=True)
            if plan.learned:
                self._open_pass(MeasuredPass(plan, raw, self.registry, self.step, self._guard, outputs=True))

    def _plan_of(self, raw: RawGraph, line: Any, step: int, part: bool = False) -> tuple[GraphPlan, GraphRecord | None]:
        """The plan for a graph: remembered by its signature, or learned now, or (without call stacks) to be learned next time."""
        remembered = self._plans.get(raw.signature)
        if remembered is not None and remembered[0].passed_over:
            return remembered
        placed = count_stacks(raw) if self._capture.on else 0
        if remembered is not None and remembered[0].placed >= placed:
            self._remembered_in_a_row += remembered[0].learned
            if self._remembered_in_a_row >= SETTLED:
                self._learn = False
            if not remembered[0].learned:
                self._learn_again()
            return remembered
        self.parameters.note_owned(self._building.alive(torch.optim.Optimizer))
        plan = make_plan(raw, lambda number: self.parameters.records[number].owned)
        graph = remembered[1] if remembered is not None else None
        plan.passed_over = self._compiled.avoidable and any(node.operation == "compiled_function" for node in plan.nodes)
        if plan.passed_over:
            plan.placed = 0
        elif plan.learned:
            if graph is None and not part:
                graph = GraphRecord(self._graphs_met, plan, location_of(*line) if line else None, step, step)
                self._graphs_met += 1
                if len(self.registry.graphs) < GRAPHS:
                    self.registry.graphs.append(graph)
            elif graph is not None:
                graph.plan = plan
            self.registry.bind(plan, graph)
            self.notes.update(dict.fromkeys(blind_spots(plan, compiling_noticed=self._compiled.used)))
            self._remembered_in_a_row = 0
        else:
            self._learn_again()
        self._remember(raw.signature, plan, graph)
        return plan, graph

    def _remember(self, signature: int, plan: GraphPlan, graph: GraphRecord | None) -> None:
        self._plans[signature] = (plan, graph)
        while len(self._plans) > 1 and (len(self._plans) > PLANS or sum(len(p.nodes) for p, _ in self._plans.values()) > PLAN_NODES):
            del self._plans[next(iter(self._plans))]

    def _learn_again(self) -> None:
        """Learn from the next forward pass: a new kind of pass is looked at once, even where the budget is spent."""
        self._learn, self._remembered_in_a_row = True, 0
        self._unasked = self._unasked_left > 0
        self._unasked_left -= self._unasked

    def _measure(self, plan: GraphPlan, raw: RawGraph, step: int, value: float | None) -> None:
        outputs = self._measured_passes < 4 or self._measured_passes % 8 == 0
        self.device = str(raw.device)
        if value is not None:
            for node in plan.nodes:
                if node.loss is not None:
                    node.loss.add_value(value)
        self.measured_steps.add(step)
        self._measured_passes += 1
        self.kept.add(kept_bytes(raw, self.parameters.owned(raw.leaves.values())))
        measured = MeasuredPass(plan, raw, self.registry, step, self._guard, outputs=outputs)
        if self._capture.on:
            for recomputed in (node.node for node in raw.nodes if node.name == RECOMPUTED):
                measured.hold(recomputed.register_prehook(self._guard(lambda _: self._capture.start())))
        self._open_pass(measured)

    def _open_pass(self, measured: MeasuredPass) -> None:
        root = measured.root
        self._open.append(measured)
        measured.read()
        measured.hook()
        measured.hold(self._after_engine(root, lambda: self._after_backward(measured)))

    def _after_backward(self, measured: MeasuredPass) -> None:
        begin = time.perf_counter()
        with self._busy, out_of_sight():
            self._close(measured)
            if not self._open:
                self._prepare_forward()
        self.schedule.spent += time.perf_counter() - begin

    def _close_stale(self) -> None:
        """Close passes whose backward has ended without saying so: it raised an error that the user caught."""
        here, alive = threading.get_ident(), {thread.ident for thread in threading.enumerate()}
        for measured in [m for m in self._open if m.thread == here or m.thread not in alive]:
            self._close(measured)

    def _close(self, measured: MeasuredPass) -> None:
        if measured not in self._open:
            return
        self._open.remove(measured)
        measured.finish()
        self.schedule.spent += measured.seconds
        self.schedule.dense = measured.undecided
        if not self.optimizers.records and self.passes > 8:
            note_values(self.parameters.records[:512], self.step)
        self._after_measuring()

    def _prepare_forward(self, root: Any = None) -> None:
        """Decide whether the coming forward pass is learned from, and whether compiled models run eagerly in it.

        `root` is where a backward pass is about to begin, if one is: call stacks are wanted only after it.
        """
        if self._capture.on or self._learn:
            if root is None:
                self._capture_if_wanted()
            else:
                self._after_engine(root, self._capture_if_wanted)
        if self._compiled.used:
            self._compiled.measure(self.schedule.due())

    def _capture_if_wanted(self) -> None:
        self.schedule.spent += self._capture.seconds()
        if self._learn and self._watching and (self._unasked or self.schedule.affordable()):
            self._unasked = False
            self._capture.start()
        else:
            self._capture.stop()

    def _after_engine(self, root: Any, function: Callable[[], None]) -> Any:
        """Call `function` when the backward pass that is about to begin at `root` has ended; the handle of the hook for it."""

        def at_root(_: Any) -> None:
            handle.remove()
            _queue_callback(self._guard(function))  # only inside backward can the engine be asked to call back at its end (torch 2.13)

        handle = root.register_prehook(self._guard(at_root))
        return handle

    def _curve(self, line: Any) -> LossCurveRecord | None:
        curve = self.curves.get(line)
        if curve is None and len(self.curves) < CURVES:
            curve = self.curves[line] = LossCurveRecord(location_of(*line) if line else None)
        return curve

    def _note_loss(self, line: Any, outputs: Any) -> float | None:
        curve = self._curve(line)
        loss = outputs[0] if outputs else None
        if curve is None or not isinstance(loss, Tensor):
            return None
        plain = underlying(loss)
        if not is_plain(plain) or plain.numel() != 1 or not plain.is_cpu or plain.is_complex():
            return None
        value = float(plain.item())
        if curve.scaled:
            factor = saved_tensor(loss.grad_fn, "other") if loss.grad_fn is not None else None
            value /= float(factor) if factor is not None and factor.numel() == 1 else 1.0
        curve.add(self.step, value)
        self.last_loss = value
        return value


def _root_of(outputs: Any) -> Any:
    return next((t.grad_fn for t in outputs if isinstance(t, Tensor) and t.grad_fn is not None), None)


def blind_spots(plan: GraphPlan, *, compiling_noticed: bool) -> Iterator[Unobserved]:
    """A note for each operation of a learned plan whose inside stays hidden.

    `compiling_noticed` says that there is a note about compiled code already.
    """
    for node in plan.nodes:
        place = node.origin.called if node.origin is not None else None
        if node.operation in ops.RECURRENT:
            kind = (node.origin.module_type if node.origin is not None else "") or "recurrent layer"
            advice = f"A loop over nn.{kind}Cell shows them" if kind in ("LSTM", "GRU", "RNN") else ""
            yield Unobserved(f"the gates inside the {kind}", "one fused operation computes all its time steps", place, advice)
        elif node.operation == "compiled_function" and not compiling_noticed:
            why = "it was compiled in a way that Reluctant did not notice"
            advice = "Compile with torch.compile after the watching has begun"
            yield Unobserved("activations inside compiled code", why, place, advice)
        elif node.operation == "differentiable_graph":
            why, advice = "autograd shows it as one operation", "Train the module that is not scripted"
            yield Unobserved("activations inside code that TorchScript has fused", why, place, advice)
        elif node.operation in GATED:
            advice = f"Write it as `{GATED[node.operation]}` to see the gate"
            yield Unobserved(f"the gate inside {node.operation}", "one operation computes it and the product", place, advice)
