"""remove-output-activation."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from reluctant.activations import AXIS_WISE, definitions
from reluctant.recording import CauseKind, Finding, Recording

from ._first_pass import IdleFirstStep, nearest
from ._requested_treatment import at_place
from ._running_script import Call, RunningScript
from ._source import Edit, Source
from ._treatment import Treatment
from .swap_activation import activation_for_head

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


class RemoveOutputActivation(Treatment):
    """Passes on what enters an activation, as if it were not there.

    ## What it does

    The activation that stands at the line, or whose module is built there, gives its input. It is meant for the last one of
    a network, where the loss function asks for the values before it. A report names its line. Of several at one line the one
    is removed that no other follows. Which one that is shows in the first pass: so the first step of each optimizer is left
    out, and the treatment begins with the second.

    ## When it cannot be applied

    Where the line computes its values from other operations than an activation of the catalogue, softmax or log_softmax, and where
    the optimizer is LBFGS.
    """

    needs_line = True
    order = 50
    removes = {"head-loss-mismatch": ("",), "target-range": ("",)}
    tried = "remove-output-activation@7"
    advice = "take the activation off the output, so that the loss gets the values before it"
    nothing_met = "no activation was called"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = (x.sum(1) > 0).long()
        model = nn.Sequential(nn.Linear(8, 2), nn.Softmax(dim=1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    """

    @classmethod
    def arguments_against(cls, finding: Finding, kind: CauseKind, recording: Recording) -> tuple[str, ...]:
        """Where there is an activation to take off, no other one belongs in its place, and it is what bounds the output."""
        is_bounding = finding.site is not None and finding.evidence.get("bounded_by") != "loss"
        return cls.removes.get(kind, ()) if is_bounding and not activation_for_head(finding) else ()

    def start(self, script: RunningScript) -> None:
        """Learn what follows what in the first pass; make the results of the last ones after it."""
        self._script = script
        self._idle = IdleFirstStep(script)
        self._kinds = frozenset({*definitions(), *AXIS_WISE})
        self._made_by: dict[Any, Hashable] = {}
        self._inner: set[Hashable] = set()
        self._met = False
        self._learning = True
        script.instead_of_calls(lambda call: call.operation in self._kinds, self._called)
        script.around_steps(self._begin, self._idle.put_back)

    def _called(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        if self._learning:
            result = function(call.input)
            self._note_order(call.key, call.input, result)
            return result
        if call.key in self._inner:
            self._script.left(call.place, f"{call.operation} stands at the same line, but another activation follows it")
            return function(call.input)
        self._script.applied(call.place, f"{call.operation} was taken off")
        call.operation = "none"
        return call.input

    def _note_order(self, key: Hashable, values: Tensor, result: Tensor) -> None:
        """Note a call that made `result` of `values`, and which calls were met on the way to it: they are inner ones."""
        self._met = True
        if values.grad_fn is not None:
            self._inner |= {self._made_by[node] for node in nearest(values.grad_fn, self._made_by.__contains__)} - {key}
        if result.grad_fn is not None:
            self._made_by[result.grad_fn] = key

    def _begin(self, optimizer: Optimizer) -> None:
        if not self._met or not self._idle.leave_out(optimizer):
            return
        self._learning = False
        self._made_by.clear()

    def edits(self, source: Source, line: int) -> Iterator[Edit]:
        """What enters the activation in its place."""
        for call in source.activations(line):
            yield Edit(call.node, f"{call.prefix}.Identity()" if call.input is None else source.grouped(call.input))

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """Any one activation taken off."""
        places = dict.fromkeys(at_place(site.place, recording.script) for site in recording.sites if site.place is not None)
        return tuple(f"{cls.treatment_name()}{place}" for place in places)
