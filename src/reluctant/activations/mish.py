"""Mish."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Mish(Activation):
    r"""The input times the tanh of its softplus: smooth, with a shallow dip below 0.

    .. math:: f(x) = x \tanh(s(x)), \quad s(x) = \ln(1 + e^x), \qquad f'(x) = \tanh s + x\,\sigma(x)\operatorname{sech}^2 s
    """

    name = "mish"
    formula = "x * tanh(log(1 + exp(x)))"
    slope_formula = "tanh(log(1 + exp(x))) + x * sigmoid(x) * (1 - tanh(log(1 + exp(x))) ** 2)"
    torch_class = "Mish"
    torch_function = "mish"
    torch_keeps = ("input",)
    references = ("Misra: Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020, arXiv:1908.08681",)
    cases = (
        Case(0.0, 0.0, "0 times 3/5"),
        Case(0.6931471805599453, 0.5545177444479562, "four fifths of ln 2"),
        Case(-0.6931471805599453, -0.2665950694461328, "5/13 of -ln 2"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return x * m.tanh(_softplus(m, x))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        s = _softplus(m, x)
        # sech² s as 4 σ(2s) σ(-2s), without the cancellation of 1 - tanh²
        return m.tanh(s) + x * m.sigmoid(x) * 4.0 * m.sigmoid(2.0 * s) * m.sigmoid(-2.0 * s)


def _softplus(m: Arithmetic, x: Value) -> Value:
    return m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x)))
