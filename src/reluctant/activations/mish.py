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
        _, top, rest = _terms(m, x)
        return x * (top * m.reciprocal(top + rest))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        u, top, rest = _terms(m, x)
        r = m.reciprocal(top + rest)
        # σ(x) sech² s is 4 (1 + u) u² r² above 0 and 4 (1 + u) u r² below: no difference in it that could cancel
        return top * r + x * (4.0 * (1.0 + u) * m.where(x > 0, u * u, u)) * (r * r)


def _terms(m: Arithmetic, x: Value) -> tuple[Value, Value, Value]:
    """U = exp(-|x|), and tanh s as top / (top + rest).

    tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2) with e = exp(x); above 0 both are multiplied by u², so that nothing overflows.
    """
    u = m.exp(-m.abs(x))
    return u, m.where(x > 0, 1.0 + 2.0 * u, u * (u + 2.0)), m.where(x > 0, 2.0 * u * u, 2.0)
