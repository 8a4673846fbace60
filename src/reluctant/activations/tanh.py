"""Tanh."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, CustomaryGain
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Tanh(Activation):
    r"""The hyperbolic tangent: from -1 to 1, centred on 0, with slope 1 at 0 and flat on both sides.

    .. math:: f(x) = \tanh x, \qquad f'(x) = \operatorname{sech}^2 x = 1 - y^2
    """

    name = "tanh"
    formula = "tanh(x)"
    slope_formula = "1 - tanh(x) ** 2"
    torch_class = "Tanh"
    torch_function = "tanh"
    torch_keeps = ("output",)
    references = ("LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998, section 4.4",)
    cases = (
        Case(0.0, 0.0, "odd"),
        Case(0.5493061443340548, 0.5, "at ½ ln 3"),
        Case(-0.5493061443340548, -0.5, "odd"),
    )
    customary_gain = CustomaryGain(5 / 3, "torch answers 5/3, a rounded value in long use; 1.59 is what keeps E[f²] = 1 for a normal input")

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.tanh(x)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        # sech², without the cancellation of 1 - tanh² far out
        return 4.0 * m.sigmoid(2.0 * x) * m.sigmoid(-2.0 * x)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return 1.0 - y * y
