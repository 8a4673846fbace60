"""Parameters that are kept without weight decay, by a group of their own for the time of a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


class GroupApart:
    """Takes chosen parameters out of the groups with weight decay before a step of an optimizer, and puts them back after it.

    Between the steps the groups are the script's: schedulers keep a list with a value for each group, and would meet one too many.
    """

    def __init__(self, chosen: Callable[[Tensor], bool]) -> None:
        self._chosen = chosen
        self._changed: list[tuple[Optimizer, dict[str, Any], list[Tensor]]] = []

    def part(self, optimizer: Optimizer) -> bool:
        """Make the groups before a step; whether there was anything to part."""
        self.join()  # after a step that ended with an error
        for group in list(optimizer.param_groups):
            apart = [parameter for parameter in group["params"] if self._chosen(parameter)]
            if not apart or not group.get("weight_decay"):
                continue
            self._changed.append((optimizer, group, group["params"]))
            group["params"] = [parameter for parameter in group["params"] if not self._chosen(parameter)]
            optimizer.param_groups.append({**group, "params": apart, "weight_decay": 0.0})
        return bool(self._changed)

    def join(self) -> None:
        """Put everything back."""
        for optimizer, group, parameters in self._changed:
            group["params"] = parameters
            optimizer.param_groups.pop()
        self._changed.clear()
