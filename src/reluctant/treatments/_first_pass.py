"""What is learned in the first pass of training: the way back through autograd's graph, and a first step that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ._running_script import RunningScript

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

NODES = 20_000
"""At most this many nodes of autograd's graph are looked at on the way back from one call."""


def nearest(start: Any, wanted: Callable[[Any], bool]) -> Iterator[Any]:
    """The first wanted nodes on each way back through autograd's graph from the node `start`, the nearer ones first."""
    level, seen = [start] if start is not None else [], {start}
    while level and len(seen) < NODES:
        following: dict[Any, None] = {}
        for node in level:
            if wanted(node):
                yield node
            else:
                following |= dict.fromkeys(below for below, _ in node.next_functions if below is not None and below not in seen)
        level = list(following)
        seen.update(following)


class IdleFirstStep:
    """Makes the first step of each optimizer one that changes nothing, since its gradients are those of the untreated network."""

    def __init__(self, script: RunningScript) -> None:
        self._script = script
        self._left: list[Optimizer] = []
        self._gradients: list[tuple[Tensor, Tensor | None]] = []
        script.is_learning = True

    def leave_out(self, optimizer: Optimizer) -> bool:
        """Take the gradients away before the first step; whether it was the first, and could be left out."""
        if any(optimizer is other for other in self._left):
            return False
        self._left.append(optimizer)
        self._script.is_learning = False
        if type(optimizer).__name__ == "LBFGS":
            self._script.not_applied(
                self._script.built(optimizer), "LBFGS computes its gradients inside a step, which so cannot be left out"
            )
            return False
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                self._gradients.append((parameter, parameter.grad))
                parameter.grad = None
        return True

    def put_back(self, optimizer: Optimizer) -> None:
        """Give the gradients back after the step: the script may look at them."""
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        self._gradients.clear()
