"""RReLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class RReLU(Activation):
    r"""Leaky ReLU whose slope below 0 is drawn at random for each value in training, and is the mean of the draw in evaluation.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases}, \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases}, \qquad
        a \sim U(l, u) \text{ in training}, \quad a = \tfrac{l+u}{2} \text{ in evaluation}

    with l and u the bounds `lower` and `upper`. What is derived from the formula is derived from the evaluation form; in
    training f(x) is that in expectation.
    """

    name = "rrelu"
    formula = "x if x > 0 else (lower + upper) / 2 * x"
    slope_formula = "1 if x > 0 else (lower + upper) / 2"
    torch_class = "RReLU"
    torch_function = "rrelu"
    torch_keeps = ("input", "drawn slopes")
    references = (
        "Xu, Wang, Chen, Li: Empirical Evaluation of Rectified Activations in Convolutional Network, 2015, section 2.4, arXiv:1505.00853",
    )
    cases = (
        Case(-48.0, -11.0, "the mean of 1/8 and 1/3 is 11/48"),
        Case(3.0, 3.0, "the input itself above 0"),
        Case(-2.0, -1.0, "leaky ReLU where the bounds meet", given={"lower": 0.5, "upper": 0.5}),
    )
    drawn = {"slope": ("lower", "upper")}

    lower: float = parameter(1 / 8, "smallest slope that is drawn")
    upper: float = parameter(1 / 3, "largest slope that is drawn")

    def trouble(self) -> str:
        return "" if self.lower <= self.upper else f"lower ({self.lower}) is above upper ({self.upper})"

    def forward(self, m: Arithmetic, x: Value, slope: Value = None) -> Value:
        return m.where(x > 0, x, (self.mean_slope if slope is None else slope) * x)

    def derivative(self, m: Arithmetic, x: Value, slope: Value = None) -> Value:
        return m.where(x <= 0, self.mean_slope if slope is None else slope, 1.0)

    def derivative_from_output(self, m: Arithmetic, y: Value, slope: Value = None) -> Value:
        return m.where(y <= 0, self.mean_slope if slope is None else slope, 1.0)

    @property
    def output_suffices(self) -> bool:
        """With a slope below 0 the output is positive on both sides and no longer tells them apart."""
        return self.lower >= 0

    @property
    def mean_slope(self) -> float:
        """The expectation of the drawn slope."""
        return (self.lower + self.upper) / 2
