"""Hardtanh."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Hardtanh(Activation):
    r"""The input, cut off at a lower and an upper bound: tanh made of straight lines.

    .. math:: f(x) = \min(\max(x, l), u), \qquad f'(x) = \begin{cases} 1 & l < x < u \\ 0 & \text{else} \end{cases}

    with l and u the bounds `min_val` and `max_val`.
    """

    name = "hardtanh"
    formula = "min(max(x, min_val), max_val)"
    slope_formula = "1 if min_val < x < max_val else 0"
    torch_class = "Hardtanh"
    torch_function = "hardtanh"
    torch_keeps = ("input",)
    references = ("Collobert: Large Scale Machine Learning, doctoral thesis, Université Paris VI, 2004",)
    cases = (
        Case(0.5, 0.5, "the input itself between the bounds"),
        Case(-2.0, -1.0, "cut off below"),
        Case(5.0, 3.0, "cut off above", given={"min_val": -2.0, "max_val": 3.0}),
    )

    min_val: float = parameter(-1.0, "lower bound")
    max_val: float = parameter(1.0, "upper bound")

    def trouble(self) -> str:
        return "" if self.min_val < self.max_val else f"min_val ({self.min_val}) is not below max_val ({self.max_val})"

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.minimum(m.maximum(x, self.min_val), self.max_val)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where((x > self.min_val) & (x < self.max_val), 1.0, 0.0)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where((y > self.min_val) & (y < self.max_val), 1.0, 0.0)
