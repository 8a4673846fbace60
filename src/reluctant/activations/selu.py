"""SELU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Activation, Case, CustomaryGain
from ._arithmetic import Arithmetic, Value

ALPHA = 1.6732632423543772848170429916717
SCALE = 1.0507009873554804934193349852946


@dataclass(frozen=True)
class SELU(Activation):
    r"""ELU scaled so that mean 0 and variance 1 are a stable fixed point from layer to layer.

    .. math:: f(x) = \lambda \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases}, \qquad
        f'(x) = \lambda \begin{cases} 1 & x > 0 \\ \alpha e^x & x \le 0 \end{cases}

    with α ≈ 1.6733 and λ ≈ 1.0507, the solution of E[f(z)] = 0 and E[f(z)²] = 1 for z ~ N(0, 1). It needs LeCun
    initialisation (variance 1 / fan-in) and alpha dropout to keep that point.
    """

    name = "selu"
    formula = "scale * (x if x > 0 else alpha * (exp(x) - 1))"
    slope_formula = "scale * (1 if x > 0 else alpha * exp(x))"
    constants = {"scale": SCALE, "alpha": ALPHA}
    torch_class = "SELU"
    torch_function = "selu"
    torch_keeps = ("input",)
    references = ("Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks, NeurIPS 2017, section 2, arXiv:1706.02515",)
    cases = (
        Case(1.0, SCALE, "λ, by definition"),
        Case(-1.0, -1.1113307378125625, "λα(1/e - 1)"),
    )
    customary_gain = CustomaryGain(
        0.75,
        "torch answers 3/4, which gives up self-normalisation for steadier gradients; the paper's fixed point asks for 1",
    )

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, SCALE * x, SCALE * ALPHA * m.expm1(x))

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > 0, SCALE, SCALE * ALPHA * m.exp(x))

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        return m.where(y > 0, SCALE, y + SCALE * ALPHA)
