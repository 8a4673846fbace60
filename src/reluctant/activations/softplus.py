"""Softplus."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Softplus(Activation):
    r"""A smooth ReLU: positive everywhere, its slope a sigmoid.

    .. math:: f(x) = \frac{1}{\beta} \ln(1 + e^{\beta x}), \qquad f'(x) = \sigma(\beta x)

    Where βx exceeds `threshold`, torch takes x itself.
    """

    name = "softplus"
    formula = "x if beta * x > threshold else log(1 + exp(beta * x)) / beta"
    slope_formula = "1 if beta * x > threshold else sigmoid(beta * x)"
    torch_class = "Softplus"
    torch_function = "softplus"
    torch_keeps = ("input",)
    references = (
        "Dugas, Bengio, Bélisle, Nadeau, Garcia: Incorporating Second-Order Functional Knowledge for Better Option Pricing, NIPS 2000",
        "Glorot, Bordes, Bengio: Deep Sparse Rectifier Neural Networks, AISTATS 2011, section 3",
    )
    cases = (
        Case(0.0, 0.6931471805599453, "ln 2"),
        Case(0.0, 0.34657359027997264, "half of ln 2", given={"beta": 2.0}),
        Case(30.0, 30.0, "above the threshold x itself"),
    )

    beta: float = parameter(1.0, "how sharply it bends at 0")
    threshold: float = parameter(20.0, "value of beta * x above which it is x itself")

    def trouble(self) -> str:
        return "" if self.beta != 0 else "beta is 0, by which the logarithm would be divided"

    def forward(self, m: Arithmetic, x: Value) -> Value:
        z = self.beta * x
        return m.where(z > self.threshold, x, m.softplus(z) / self.beta)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        z = self.beta * x
        return m.where(z > self.threshold, 1.0, m.sigmoid(z))

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        z = self.beta * y
        return m.where(z > self.threshold, 1.0, -m.expm1(-z))

    @property
    def output_suffices(self) -> bool:
        """With a threshold near 0 the output jumps there and no longer tells on which side it is."""
        return self.beta > 0 and self.threshold >= 20
