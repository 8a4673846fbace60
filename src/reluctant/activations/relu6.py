"""ReLU6."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class ReLU6(Activation):
    r"""ReLU cut off at 6.

    .. math:: f(x) = \min(\max(0, x), 6), \qquad f'(x) = \begin{cases} 1 & 0 < x < 6 \\ 0 & \text{else} \end{cases}
    """

    name = "relu6"
    formula = "min(max(0, x), 6)"
    slope_formula = "1 if 0 < x < 6 else 0"
    torch_class = "ReLU6"
    torch_function = "relu6"
    torch_keeps = ("input",)
    references = (
        "Krizhevsky: Convolutional Deep Belief Networks on CIFAR-10, 2010",
        "Howard et al.: MobileNets, 2017, arXiv:1704.04861 (where it came into wide use)",
    )
    cases = (
        Case(-1.0, 0.0, "nothing passes below 0"),
        Case(3.0, 3.0, "the input itself between 0 and 6"),
        Case(7.0, 6.0, "cut off"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.minimum(m.maximum(x, 0.0), 6.0)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where((x > 0) & (x < 6), 1.0, 0.0)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where((y > 0) & (y < 6), 1.0, 0.0)
