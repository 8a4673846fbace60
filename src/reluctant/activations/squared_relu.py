"""Squared ReLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class SquaredReLU(Activation):
    r"""The square of ReLU: smooth at 0, and steeper the larger the input.

    .. math:: f(x) = \max(0, x)^2, \qquad f'(x) = 2 \max(0, x)
    """

    name = "squared_relu"
    formula = "max(0, x) ** 2"
    slope_formula = "2 * max(0, x)"
    torch_code = "F.relu(x).square()"
    torch_keeps = ("relu(x)",)
    aliases = {"relu_squared": {}, "relu2": {}}
    references = (
        "So, Mańke, Liu, Dai, Shazeer, Le: Primer: Searching for Efficient Transformers for Language Modeling, "
        "NeurIPS 2021, arXiv:2109.08668",
    )
    cases = (
        Case(-2.0, 0.0, "nothing passes below 0"),
        Case(1.0, 1.0, "1 is its own square"),
        Case(3.0, 9.0, "three squared"),
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        r = m.maximum(x, 0.0)
        return r * r

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return 2.0 * m.maximum(x, 0.0)

    def lost_in_output(self, m: Arithmetic, x: Value) -> Value:
        """The square of a float below 2⁻⁶³ is denormal or 0, and that of one from 2⁶⁴ on is infinite."""
        return (x > 0) & ((x < 2.0**-63) | (x >= 2.0**64))

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return 2.0 * m.sqrt(y)
