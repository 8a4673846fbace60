"""ELU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class ELU(Activation):
    r"""The input above 0, and an exponential below that saturates at -α and brings the mean output closer to 0.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}, \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ \alpha e^x & x \le 0 \end{cases}
    """

    name = "elu"
    formula = "x if x > 0 else alpha * (exp(x) - 1)"
    slope_formula = "1 if x > 0 else alpha * exp(x)"
    torch_class = "ELU"
    torch_function = "elu"
    torch_keeps = ("input",)
    references = (
        "Clevert, Unterthiner, Hochreiter: Fast and Accurate Deep Network Learning by Exponential Linear Units, "
        "ICLR 2016, section 3, arXiv:1511.07289",
    )
    cases = (
        Case(-1.0, -0.6321205588285577, "1/e - 1"),
        Case(2.0, 2.0, "the input itself above 0"),
        Case(-3.0, -0.950212931632136, "1/e³ - 1"),
        Case(4.0, 4.0, "the input itself above 0"),
        Case(-1.0, -0.31606027941427883, "half of 1/e - 1", given={"alpha": 0.5}),
    )

    alpha: float = parameter(1.0, "minus the value to which it saturates; its slope just below 0")

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, x, self.alpha * m.expm1(x))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, 1.0, self.alpha * m.exp(x))

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where(y > 0, 1.0, y + self.alpha)

    @property
    def output_suffices(self) -> bool:
        """With a negative α the output is positive on both sides and no longer tells them apart."""
        return self.alpha >= 0
