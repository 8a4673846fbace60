"""CELU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class CELU(Activation):
    r"""ELU whose slope is continuous at 0 for every α.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ \alpha (e^{x/\alpha} - 1) & x \le 0 \end{cases}, \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ e^{x/\alpha} & x \le 0 \end{cases}
    """

    name = "celu"
    formula = "x if x > 0 else alpha * (exp(x / alpha) - 1)"
    slope_formula = "1 if x > 0 else exp(x / alpha)"
    torch_class = "CELU"
    torch_function = "celu"
    torch_keeps = ("input",)
    references = ("Barron: Continuously Differentiable Exponential Linear Units, 2017, arXiv:1704.07483",)
    cases = (
        Case(-1.0, -0.6321205588285577, "ELU at α = 1: 1/e - 1"),
        Case(-2.0, -1.2642411176571153, "twice 1/e - 1", given={"alpha": 2.0}),
        Case(3.0, 3.0, "the input itself above 0"),
    )

    alpha: float = parameter(1.0, "minus the value to which it saturates")

    def trouble(self) -> str:
        return "" if self.alpha != 0 else "alpha is 0, by which x would be divided"

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, x, self.alpha * m.expm1(x / self.alpha))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, 1.0, m.exp(x / self.alpha))

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where(y > 0, 1.0, y / self.alpha + 1.0)
