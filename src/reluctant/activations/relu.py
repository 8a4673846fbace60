"""ReLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class ReLU(Activation):
    r"""The input where it is positive, else 0: the rectified linear unit.

    .. math:: f(x) = \max(0, x), \qquad f'(x) = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}
    """

    name = "relu"
    formula = "max(0, x)"
    slope_formula = "1 if x > 0 else 0"
    torch_class = "ReLU"
    torch_function = "relu"
    torch_forms = ("torch.clamp(x, min=0)", "torch.clamp_min(x, 0)")
    torch_keeps = ("output",)
    references = (
        "Nair, Hinton: Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010",
        "Glorot, Bordes, Bengio: Deep Sparse Rectifier Neural Networks, AISTATS 2011, section 3",
        "He, Zhang, Ren, Sun: Delving Deep into Rectifiers, ICCV 2015, section 2.2 (the initialisation it asks for), arXiv:1502.01852",
    )
    cases = (
        Case(-1.0, 0.0, "nothing passes below 0"),
        Case(2.0, 2.0, "the input itself above 0"),
        Case(-3.0, 0.0, "nothing passes below 0"),
        Case(4.0, 4.0, "the input itself above 0"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.maximum(x, 0.0)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x <= 0, 0.0, 1.0)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where(y <= 0, 0.0, 1.0)
