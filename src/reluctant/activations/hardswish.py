"""Hardswish."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Hardswish(Activation):
    r"""SiLU with the sigmoid made of straight lines: 0 below -3, the input above 3.

    .. math:: f(x) = x \, \frac{\min(\max(x + 3, 0), 6)}{6}, \qquad
        f'(x) = \begin{cases} 0 & x \le -3 \\ \tfrac{x}{3} + \tfrac12 & -3 < x < 3 \\ 1 & x \ge 3 \end{cases}
    """

    name = "hardswish"
    formula = "x * min(max(x + 3, 0), 6) / 6"
    slope_formula = "0 if x <= -3 else x / 3 + 1 / 2 if x < 3 else 1"
    torch_class = "Hardswish"
    torch_function = "hardswish"
    torch_keeps = ("input",)
    references = ("Howard et al.: Searching for MobileNetV3, ICCV 2019, section 5.2, arXiv:1905.02244",)
    cases = (
        Case(-4.0, 0.0, "cut off below"),
        Case(-1.5, -0.375, "its lowest value"),
        Case(1.0, 0.6666666666666666, "four sixths pass"),
        Case(5.0, 5.0, "the input itself above 3"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return x * m.minimum(m.maximum(x + 3.0, 0.0), 6.0) / 6.0

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x <= -3, 0.0, m.where(x >= 3, 1.0, x / 3.0 + 0.5))
