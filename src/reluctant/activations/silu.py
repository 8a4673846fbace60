"""SiLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class SiLU(Activation):
    r"""The input times its own sigmoid, also known as Swish: smooth, with a shallow dip below 0.

    .. math:: f(x) = x\,\sigma(x), \qquad f'(x) = \sigma(x)\,(1 + x\,\sigma(-x))
    """

    name = "silu"
    formula = "x * sigmoid(x)"
    slope_formula = "sigmoid(x) * (1 + x * sigmoid(-x))"
    torch_class = "SiLU"
    torch_function = "silu"
    torch_keeps = ("input",)
    aliases = {"swish": {}}
    references = (
        "Elfwing, Uchibe, Doya: Sigmoid-Weighted Linear Units for Neural Network Function Approximation in "
        "Reinforcement Learning, 2017, arXiv:1702.03118",
        "Ramachandran, Zoph, Le: Searching for Activation Functions, 2017, arXiv:1710.05941 (as Swish)",
    )
    cases = (
        Case(0.0, 0.0, "0 times ½"),
        Case(1.0986122886681098, 0.8239592165010823, "three quarters of ln 3"),
        Case(-1.0986122886681098, -0.27465307216702745, "a quarter of -ln 3"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return x * m.sigmoid(x)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.sigmoid(x) * (1.0 + x * m.sigmoid(-x))
