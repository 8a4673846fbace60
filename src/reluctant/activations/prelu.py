"""PReLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, parameter
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class PReLU(Activation):
    r"""Leaky ReLU whose slope below 0 is learned, one for all channels or one for each.

    .. math:: f(x) = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases}, \qquad
        f'(x) = \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases}, \qquad
        \frac{\partial f}{\partial a} = \begin{cases} 0 & x > 0 \\ x & x \le 0 \end{cases}

    with a the learned `weight`, which starts at `init`. The paper trains it without weight decay, which would pull it to 0.
    """

    name = "prelu"
    formula = "x if x > 0 else weight * x"
    slope_formula = "1 if x > 0 else weight"
    torch_class = "PReLU"
    torch_function = "prelu"
    torch_code = "F.prelu(x, weight)"
    torch_keeps = ("input",)
    references = ("He, Zhang, Ren, Sun: Delving Deep into Rectifiers, ICCV 2015, section 2.1, arXiv:1502.01852",)
    cases = (
        Case(-4.0, -1.0, "a quarter passes below 0"),
        Case(3.0, 3.0, "the input itself above 0"),
        Case(-4.0, 2.0, "a learned slope may become negative", given={"init": -0.5}),
    )
    learned = {"weight": "init"}

    num_parameters: int = parameter(1, "number of learned slopes: 1, or one for each channel")
    init: float = parameter(0.25, "slope below 0 at the start")

    def trouble(self) -> str:
        return "" if self.num_parameters >= 1 else f"num_parameters is {self.num_parameters}; there is at least 1 learned slope"

    def forward(self, m: Arithmetic, x: Value, weight: Value = None) -> Value:
        return m.where(x > 0, x, (self.init if weight is None else weight) * x)

    def derivative(self, m: Arithmetic, x: Value, weight: Value = None) -> Value:
        return m.where(x > 0, 1.0, self.init if weight is None else weight)

    def weight_derivative(self, m: Arithmetic, x: Value) -> Value:
        """∂f/∂a."""
        return m.where(x > 0, 0.0, x)
