"""Leaky ReLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class LeakyReLU(Activation):
    r"""ReLU that lets a small share of the input through below 0, so that a slope is left everywhere.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ \alpha x & x \le 0 \end{cases}, \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ \alpha & x \le 0 \end{cases}

    with α the `negative_slope`. At α = 1 it is a straight line.
    """

    name = "leaky_relu"
    formula = "x if x > 0 else negative_slope * x"
    slope_formula = "1 if x > 0 else negative_slope"
    torch_class = "LeakyReLU"
    torch_function = "leaky_relu"
    torch_keeps = ("input",)
    references = ("Maas, Hannun, Ng: Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013 workshop, section 2",)
    cases = (
        Case(-1.0, -0.01, "a hundredth passes below 0"),
        Case(2.0, 2.0, "the input itself above 0"),
        Case(-3.0, -0.03, "a hundredth passes below 0"),
        Case(4.0, 4.0, "the input itself above 0"),
        Case(-2.5, -2.5, "a straight line", given={"negative_slope": 1.0}),
    )

    negative_slope: float = parameter(0.01, "slope below 0")

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, x, self.negative_slope * x)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, 1.0, self.negative_slope)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where(y > 0, 1.0, self.negative_slope)

    @property
    def output_suffices(self) -> bool:
        """With a negative slope below 0 the output is positive on both sides and no longer tells them apart."""
        return self.negative_slope >= 0
