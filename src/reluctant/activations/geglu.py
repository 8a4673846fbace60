"""GEGLU."""

from __future__ import annotations

from dataclasses import dataclass

from ._activation import Case
from ._gated import Gated
from .gelu import GELU


@dataclass(frozen=True)
class GEGLU(Gated):
    r"""A gated pair whose gate is GELU.

    .. math:: f(a, b) = a\,\Phi(a)\, b, \qquad
        \frac{\partial f}{\partial a} = (\Phi(a) + a\,\varphi(a))\, b, \quad \frac{\partial f}{\partial b} = a\,\Phi(a)
    """

    name = "geglu"
    gate = GELU()
    formula = "a * Phi(a) * b"
    slope_formula = "((Phi(a) + a * phi(a)) * b, a * Phi(a))"
    torch_code = "F.gelu(a) * b"
    torch_keeps = ("a", "b", "gelu(a)")
    references = (
        "Shazeer: GLU Variants Improve Transformer, 2020, section 2, arXiv:2002.05202",
    )
    cases = (
        Case((1.0, 2.0), 1.6826894921370859, "twice Φ(1)"),
        Case((0.0, 5.0), 0.0, "the gate is 0 at 0"),
    )
