"""What the first pass of training shows, and a first step that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from ._running_script import RunningScript

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

NODES = 20_000
"""At most this many nodes of autograd's graph are looked at on the way back from one call."""


def nearest(start: Any, wanted: Callable[[Any], bool]) -> list[Any]:
    """The first wanted nodes on each way back through autograd's graph from the node `start`."""
    found, seen, pending = [], {start}, [start]
    while pending and len(seen) < NODES:
        node = pending.pop()
        if node is None:
            continue
        if wanted(node):
            found.append(node)
            continue
        following = [below for below, _ in node.next_functions if below is not None and below not in seen]
        seen.update(following)
        pending += following
    return found


class Order:
    """Which calls follow which, by autograd's graph."""

    def __init__(self) -> None:
        self._made_by: dict[Any, Hashable] = {}
        self._met: set[Hashable] = set()
        self._inner: set[Hashable] = set()

    @property
    def is_empty(self) -> bool:
        """Whether no call was met yet."""
        return not self._met

    def add(self, key: Hashable, values: Tensor, result: Tensor) -> None:
        """Note a call that made `result` of `values`."""
        self._met.add(key)
        if values.grad_fn is not None:
            before = nearest(values.grad_fn, self._made_by.__contains__)
            self._inner |= {self._made_by[node] for node in before} - {key}
        if result.grad_fn is not None:
            self._made_by[result.grad_fn] = key

    def is_inner(self, key: Hashable) -> bool:
        """Whether another call was met on the way from this one."""
        return key in self._inner

    def forget_graphs(self) -> None:
        """Let go of autograd's graph, and keep the order."""
        self._made_by.clear()


class IdleFirstStep:
    """Makes the first step of each optimizer one that changes nothing, since its gradients are those of the untreated network."""

    def __init__(self, script: RunningScript) -> None:
        self._script = script
        self._left: list[Optimizer] = []
        self._gradients: list[tuple[Tensor, Tensor | None]] = []
        script.learns_first()

    def leave_out(self, optimizer: Optimizer) -> bool:
        """Take the gradients away before the first step; whether it was the first, and could be left out."""
        if any(optimizer is other for other in self._left):
            return False
        self._left.append(optimizer)
        self._script.has_learned()
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
