"""no-slope-decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._group_apart import GroupApart
from ._running_script import Call, RunningScript
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


class NoSlopeDecay(Treatment):
    """Takes the weight decay off the learned slopes of PReLU.

    ## What it does

    For each step of an optimizer the slopes that PReLU was called with form a group of their own, with the settings of the
    group that they come from and weight_decay=0. Between the steps the groups are the script's.

    ## When it cannot be applied

    Where no PReLU is called, no optimizer holds its slopes, they have no weight decay anyway, or the optimizer is LBFGS, which takes
    all parameters as one.
    """

    order = 80
    removes = {"weight-decay": ("",)}
    tried = "no-slope-decay"
    advice = "give the learned slopes a parameter group of their own, with weight_decay=0"
    nothing_met = "no optimizer with weight decay holds slopes of a PReLU that was called"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.sum(1, keepdim=True)
        model = nn.Sequential(nn.Linear(8, 32), nn.PReLU(32), nn.Linear(32, 1))
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.5)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    def start(self, script: RunningScript) -> None:
        """Look for slopes, and keep them apart in each step."""
        self._script = script
        self._slopes: dict[int, Tensor] = {}
        self._apart = GroupApart(lambda parameter: id(parameter) in self._slopes)
        script.at_calls(lambda call: call.operation == "prelu", self._seen)
        script.around_steps(self._part, lambda optimizer: self._apart.join())

    def _seen(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        if call.weight is not None:
            self._slopes[id(call.weight)] = call.weight  # kept alive, so that its identity stays its own
        return function(call.input)

    def _part(self, optimizer: Optimizer) -> None:
        if self._apart.part(optimizer):
            self._script.applied(self._script.built(optimizer), f"{type(optimizer).__name__} without weight decay on the slopes of PReLU")
