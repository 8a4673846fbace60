"""SwiGLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Case
from ._gated import Gated
from .silu import SiLU


@dataclass(frozen=True)
class SwiGLU(Gated):
    r"""A gated pair whose gate is SiLU (Swish with β = 1).

    .. math:: f(a, b) = a\,\sigma(a)\, b, \qquad
        \frac{\partial f}{\partial a} = \sigma(a)\,(1 + a\,\sigma(-a))\, b, \quad \frac{\partial f}{\partial b} = a\,\sigma(a)
    """

    name = "swiglu"
    gate = SiLU()
    formula = "a * sigmoid(a) * b"
    slope_formula = "(sigmoid(a) * (1 + a * sigmoid(-a)) * b, a * sigmoid(a))"
    torch_code = "F.silu(a) * b"
    torch_keeps = ("a", "b", "silu(a)")
    references = (
        "Shazeer: GLU Variants Improve Transformer, 2020, section 2, arXiv:2002.05202",
    )
    cases = (
        Case((1.0986122886681098, 4.0), 3.295836866004329, "three times ln 3"),
        Case((0.0, 5.0), 0.0, "the gate is 0 at 0"),
    )
