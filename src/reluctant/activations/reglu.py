"""ReGLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Case
from ._gated import Gated
from .relu import ReLU


@dataclass(frozen=True)
class ReGLU(Gated):
    r"""A gated pair whose gate is ReLU.

    .. math:: f(a, b) = \max(0, a)\, b, \qquad
        \frac{\partial f}{\partial a} = \begin{cases} b & a > 0 \\ 0 & a \le 0 \end{cases}, \quad \frac{\partial f}{\partial b} = \max(0, a)
    """

    name = "reglu"
    gate = ReLU()
    formula = "max(0, a) * b"
    slope_formula = "(b if a > 0 else 0, max(0, a))"
    torch_code = "F.relu(a) * b"
    torch_keeps = ("b", "relu(a)")
    references = (
        "Shazeer: GLU Variants Improve Transformer, 2020, section 2, arXiv:2002.05202",
        "Dauphin, Fan, Auli, Grangier: Language Modeling with Gated Convolutional Networks, ICML 2017, arXiv:1612.08083 (sigmoid gate)",
    )
    cases = (
        Case((2.0, -3.0), -6.0, "an open gate scales"),
        Case((-2.0, 5.0), 0.0, "a closed gate lets nothing through"),
    )
