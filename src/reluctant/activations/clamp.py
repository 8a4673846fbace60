"""Clamp."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Clamp(Activation):
    r"""The input, cut off at bounds that may be missing: what ``x.clamp(min=0)`` does, ReLU written as a method.

    .. math:: f(x) = \min(\max(x, l), u), \qquad f'(x) = \begin{cases} 1 & l \le x \le u \\ 0 & \text{else} \end{cases}

    with l and u the bounds `min` and `max`. Unlike ReLU and hardtanh it passes gradient at the bounds themselves.
    """

    name = "clamp"
    formula = "min if x < min else max if x > max else x"
    slope_formula = "1 if min <= x <= max else 0"
    torch_code = "torch.clamp(x, min=min, max=max)"
    torch_forms = ("torch.clamp_min(x, min)", "torch.clamp_max(x, max)", "torch.clip(x, min, max)")
    torch_keeps = ("input",)
    references = ("torch.clamp in the documentation of PyTorch",)
    cases = (
        Case(-1.0, 0.0, "ReLU where only min = 0 is given", given={"min": 0.0}),
        Case(7.0, 7.0, "no upper bound", given={"min": 0.0}),
        Case(7.0, 6.0, "cut off above", given={"min": 0.0, "max": 6.0}),
    )

    min: float = parameter(-math.inf, "lower bound")
    max: float = parameter(math.inf, "upper bound")

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.minimum(m.maximum(x, self.min), self.max)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where((x >= self.min) & (x <= self.max), 1.0, 0.0)
