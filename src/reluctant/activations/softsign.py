"""Softsign."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Softsign(Activation):
    r"""x / (1 + |x|): bounded like tanh, but approaching its bounds slowly.

    .. math:: f(x) = \frac{x}{1 + |x|}, \qquad f'(x) = \frac{1}{(1 + |x|)^2} = (1 - |y|)^2
    """

    name = "softsign"
    formula = "x / (1 + abs(x))"
    slope_formula = "1 / (1 + abs(x)) ** 2"
    torch_class = "Softsign"
    torch_function = "softsign"
    torch_keeps = ("input", "1 + |x|")
    references = (
        "Bergstra, Desjardins, Lamblin, Bengio: Quadratic Polynomials Learn Better Image Features, "
        "technical report 1337, Université de Montréal, 2009",
        "Glorot, Bengio: Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010",
    )
    cases = (
        Case(0.0, 0.0, "odd"),
        Case(1.0, 0.5, "half way to its bound"),
        Case(-3.0, -0.75, "three quarters of the way to the other"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return x / (1.0 + m.abs(x))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        s = 1.0 / (1.0 + m.abs(x))
        return s * s

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        s = 1.0 - m.abs(y)
        return s * s
