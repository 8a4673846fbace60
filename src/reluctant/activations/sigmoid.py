"""Sigmoid."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, CustomaryGain
from ._arithmetic import Arithmetic, Value


@dataclass(frozen=True)
class Sigmoid(Activation):
    r"""The logistic function: from 0 to 1, flat on both sides, with a slope of at most 1/4.

    .. math:: f(x) = \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad f'(x) = \sigma(x)\,\sigma(-x) = y(1 - y)
    """

    name = "sigmoid"
    formula = "1 / (1 + exp(-x))"
    slope_formula = "sigmoid(x) * (1 - sigmoid(x))"
    torch_class = "Sigmoid"
    torch_function = "sigmoid"
    torch_forms = ("torch.special.expit(x)",)
    torch_keeps = ("output",)
    references = (
        "Rumelhart, Hinton, Williams: Learning Representations by Back-Propagating Errors, Nature 323, 1986, equation 2",
        "LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998, section 4.4 (why symmetric ones are preferred)",
    )
    cases = (
        Case(0.0, 0.5, "half way"),
        Case(1.0986122886681098, 0.75, "at ln 3 the odds are 3 to 1"),
        Case(-1.0986122886681098, 0.25, "at -ln 3 they are 1 to 3"),
    )
    customary_gain = CustomaryGain(
        1.0,
        "torch answers 1, which leaves the weights' scale alone; the mean output of ½ makes up most of E[f²], so no gain keeps the signal",
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.sigmoid(x)

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.sigmoid(x) * m.sigmoid(-x)

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return y * (1.0 - y)
