"""lower-learning-rate."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reluctant.errors import UsageError
from reluctant.recording import Finding, Location, Recording

from ._running_script import RunningScript
from ._source import Edit, Source
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch.optim import Optimizer


class LowerLearningRate(Treatment):
    """Multiplies the learning rate by a factor.

    ## What it does

    In each step of each optimizer the learning rate of each group is the script's, times FACTOR. So whatever the script does to
    it, by a scheduler, by hand or with a rate for each group, is kept and made smaller. Between the steps the script reads
    its own numbers. With `@LINE` only the optimizer that is built at that line is treated.

    ## When it cannot be applied

    Where the script updates its weights without an optimizer of torch.optim, or the optimizer has no learning rate.
    """

    arguments = "FACTOR"
    order = 10
    removes = {"learning-rate": ("0.1", "0.01")}
    tried = "lower-learning-rate:0.1"
    advice = "lower the learning rate"
    advice_with_arguments = "multiply the learning rate by {}"
    nothing_met = "no optimizer of torch.optim made a step"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.sum(1, keepdim=True)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    def read(self, arguments: str) -> None:
        """A factor between 0 and 1."""
        try:
            self.factor = float(arguments or "0.1")
        except ValueError:
            self.factor = 0.0
        if not 0 < self.factor < 1:
            raise UsageError(f"{arguments!r} is no factor between 0 and 1", where=str(self.request), advice="Write 0.1, for example")

    def start(self, script: RunningScript) -> None:
        """Lower the rate before each step, and put it back after."""
        self._changed: list[tuple[dict[str, Any], Any, Any]] = []
        self._script = script
        script.around_steps(self._lower, self._put_back)

    def _lower(self, optimizer: Optimizer) -> None:
        self._put_back(optimizer)  # after a step that ended with an error
        if not self._script.is_built_there(optimizer):
            return
        place, kind = self._script.built(optimizer), type(optimizer).__name__
        for group in optimizer.param_groups:
            if "lr" not in group:
                self._script.not_applied(place, f"{kind} has a group without a learning rate called lr")
                continue
            given = group["lr"]
            group["lr"] = lowered = given * self.factor
            self._changed.append((group, given, lowered))
            self._script.applied(place, f"the learning rate of {kind} times {self.factor:g}")

    def _put_back(self, optimizer: Optimizer) -> None:
        for group, given, lowered in self._changed:
            if group["lr"] is lowered:
                group["lr"] = given
        self._changed.clear()

    def places_to_edit(self, finding: Finding, recording: Recording) -> tuple[Location, ...]:
        """Where the one optimizer is built."""
        built = [optimizer.built for optimizer in recording.optimizers]
        return (built[0],) if len(built) == 1 and built[0] is not None else ()

    def edits(self, source: Source, line: int) -> Iterator[Edit]:
        """The learning rate that is written as a number where the optimizer is built."""
        for node in source.calls():
            for keyword in node.keywords if node.lineno == line else ():
                value = keyword.value
                if keyword.arg == "lr" and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                    yield Edit(value, f"{value.value * self.factor:.6g}")

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """A tenth of the rate."""
        return (f"{cls.treatment_name()}:0.1",)
