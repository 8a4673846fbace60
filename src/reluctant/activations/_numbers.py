"""Numbers of the catalogue as a person reads them."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Four digits that count, and ∞: ``-0.17``, ``1.414``, ``-∞``."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.4g}"
    return text.removeprefix("-") if float(text) == 0 else text


def exact(value: float | str) -> str:
    """A parameter or known value in full: ``0.01``, ``-0.6321205588285577``, ``none``, ``∞``."""
    if isinstance(value, float):
        return number(value) if math.isinf(value) else repr(value).removesuffix(".0")
    return str(value)
