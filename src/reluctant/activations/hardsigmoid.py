"""Hardsigmoid."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Hardsigmoid(Activation):
    r"""A sigmoid made of straight lines: 0 below -3, 1 above 3.

    .. math:: f(x) = \frac{\min(\max(x + 3, 0), 6)}{6}, \qquad
        f'(x) = \begin{cases} \tfrac16 & -3 < x < 3 \\ 0 & \text{else} \end{cases}
    """

    name = "hardsigmoid"
    formula = "min(max(x + 3, 0), 6) / 6"
    slope_formula = "1 / 6 if -3 < x < 3 else 0"
    torch_class = "Hardsigmoid"
    torch_function = "hardsigmoid"
    torch_keeps = ("input",)
    references = (
        "Courbariaux, Bengio, David: BinaryConnect, NeurIPS 2015, arXiv:1511.00363 (with slope ½)",
        "Howard et al.: Searching for MobileNetV3, ICCV 2019, section 5.2, arXiv:1905.02244 (this form)",
    )
    cases = (
        Case(0.0, 0.5, "half way"),
        Case(1.5, 0.75, "three quarters of the way"),
        Case(-4.0, 0.0, "cut off below"),
        Case(4.0, 1.0, "cut off above"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.minimum(m.maximum(x + 3.0, 0.0), 6.0) / 6.0

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where((x > -3) & (x < 3), 1.0 / 6.0, 0.0)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where((y > 0) & (y < 1), 1.0 / 6.0, 0.0)
