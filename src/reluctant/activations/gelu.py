"""GELU."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value

LINEAR = 2.0 * math.sqrt(2 / math.pi)
"""The factor of x in 2u."""
CUBIC = 0.044715
"""Coefficient of x³ in the tanh form."""


@dataclass(frozen=True)
class GELU(Activation):
    r"""The input times the share of a normal distribution below it: the Gaussian error linear unit, exact or in its tanh form.

    .. math:: f(x) = x\,\Phi(x) = \frac{x}{2}\left(1 + \operatorname{erf}\frac{x}{\sqrt2}\right), \qquad f'(x) = \Phi(x) + x\,\varphi(x)

    or, with `approximate` = ``tanh``,

    .. math:: f(x) = \frac{x}{2}\left(1 + \tanh u\right), \quad u = \sqrt{2/\pi}\,(x + 0.044715\,x^3), \qquad
        f'(x) = \frac{1 + \tanh u}{2} + \frac{x}{2}\operatorname{sech}^2(u)\,u'
    """

    name = "gelu"
    formula = "x * Phi(x)"
    slope_formula = "Phi(x) + x * phi(x)"
    torch_class = "GELU"
    torch_function = "gelu"
    torch_keeps = ("input",)
    aliases = {"gelu_tanh": {"approximate": "tanh"}}
    references = ("Hendrycks, Gimpel: Gaussian Error Linear Units (GELUs), 2016, section 2, arXiv:1606.08415",)
    cases = (
        Case(0.0, 0.0, "0 times ½"),
        Case(1.0, 0.8413447460685429, "Φ(1)"),
        Case(-1.0, -0.15865525393145707, "-Φ(-1)"),
        Case(1.0, 0.8411919906082768, "the tanh form is off by 1.5e-4 here", given={"approximate": "tanh"}),
    )

    approximate: str = parameter("none", "none for the exact form, tanh for the other")

    def trouble(self) -> str:
        return "" if self.approximate in ("none", "tanh") else f"approximate is {self.approximate!r}; it can be none or tanh"

    @property
    def formulas(self) -> tuple[str, str]:
        """f(x) and f'(x) of the form that is chosen."""
        if self.approximate == "none":
            return self.formula, self.slope_formula
        u = "sqrt(2 / pi) * (x + 0.044715 * x ** 3)"
        return (
            f"x * (1 + tanh({u})) / 2",
            f"(1 + tanh({u})) / 2 + x / 2 * (1 - tanh({u}) ** 2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * x ** 2)",
        )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return x * (self._tanh_gate(m, x) if self.approximate == "tanh" else m.normal_share(x))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        if self.approximate == "none":
            return m.normal_share(x) + x * m.normal_density(x)
        z = _argument(x)
        gate = m.sigmoid(z)
        # The bracket, z's own derivative, comes last: it may be infinite where what is before it is 0.
        return gate + gate * m.sigmoid(-z) * x * (LINEAR + 3.0 * LINEAR * CUBIC * (x * x))

    @staticmethod
    def _tanh_gate(m: Arithmetic, x: Value) -> Value:
        """(1 + tanh u) / 2, written as σ(2u), which keeps its relative precision for x far below 0."""
        return m.sigmoid(_argument(x))


def _argument(x: Value) -> Value:
    """2u."""
    return x * (LINEAR + LINEAR * CUBIC * (x * x))
