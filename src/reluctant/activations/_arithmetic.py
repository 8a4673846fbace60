"""The arithmetic that formulas are written in, and its forms for floats and for numpy arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Protocol

from reluctant.errors import UnknownNameError

Value = Any
"""A float, a numpy array, a tensor, or whatever stands for a number while a formula is traced."""


class Arithmetic(Protocol):
    """The operations a formula may use besides ``+ - * / < <= > >= & |``.

    A formula receives one as `m` and works with whatever values `m` works with. It never asks `if` about a value:
    ``m.where`` takes both branches, so that the same formula can run on arrays and be printed as the code of a kernel.
    """

    def abs(self, x: Value) -> Value:
        """|x|."""

    def sqrt(self, x: Value) -> Value:
        """The square root."""

    def reciprocal(self, x: Value) -> Value:
        """1 / x for an x that is surely between 2⁻¹⁰⁰ and 2¹⁰⁰: a kernel computes that faster than a quotient."""

    def exp(self, x: Value) -> Value:
        """Euler's number to the power of x; ∞ where that is too large to hold."""

    def expm1(self, x: Value) -> Value:
        """exp(x) - 1, exact near 0."""

    def log(self, x: Value) -> Value:
        """The natural logarithm."""

    def log1p(self, x: Value) -> Value:
        """log(1 + x), exact near 0."""

    def sin(self, x: Value) -> Value:
        """The sine."""

    def cos(self, x: Value) -> Value:
        """The cosine."""

    def softplus(self, x: Value) -> Value:
        """ln(1 + exp(x)), with its full relative precision on both sides."""

    def tanh(self, x: Value) -> Value:
        """The hyperbolic tangent."""

    def sigmoid(self, x: Value) -> Value:
        """1 / (1 + exp(-x)), with its full relative precision on both sides."""

    def normal_share(self, x: Value) -> Value:
        """Φ(x), the share of N(0, 1) below x, with its full relative precision on both sides."""

    def normal_density(self, x: Value) -> Value:
        """φ(x), the density of N(0, 1)."""

    def minimum(self, a: Value, b: Value) -> Value:
        """The smaller; NaN where one is NaN."""

    def maximum(self, a: Value, b: Value) -> Value:
        """The larger; NaN where one is NaN."""

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        """`a` where the condition holds, else `b`; both are computed."""


OPERATIONS = tuple(name for name in vars(Arithmetic) if not name.startswith("_"))
"""Names of the operations of `Arithmetic`."""


class _NoOtherOperation:
    """Answers an operation that does not exist with those that do."""

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnknownNameError("operation of a formula", name, OPERATIONS)


class Floats(_NoOtherOperation):
    """`Arithmetic` on Python floats, with ∞ and NaN where IEEE 754 has them and `math` has an exception."""

    def abs(self, x: float) -> float:
        return abs(x)

    def sqrt(self, x: float) -> float:
        return math.sqrt(x) if x >= 0 else math.nan

    def reciprocal(self, x: float) -> float:
        return 1.0 / x if x != 0 else math.copysign(math.inf, x)

    def exp(self, x: float) -> float:
        return math.exp(x) if not x > 709.0 else _or_infinity(math.exp, x)

    def expm1(self, x: float) -> float:
        return math.expm1(x) if not x > 709.0 else _or_infinity(math.expm1, x)

    def log(self, x: float) -> float:
        return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)

    def log1p(self, x: float) -> float:
        return math.log1p(x) if x > -1 else (-math.inf if x == -1 else math.nan)

    def sin(self, x: float) -> float:
        return math.sin(x) if math.isfinite(x) else math.nan

    def cos(self, x: float) -> float:
        return math.cos(x) if math.isfinite(x) else math.nan

    def softplus(self, x: float) -> float:
        return self.maximum(x, 0.0) + math.log1p(math.exp(-abs(x)))

    def tanh(self, x: float) -> float:
        return math.tanh(x)

    def sigmoid(self, x: float) -> float:
        if x >= 0:
            return 1.0 / (1.0 + math.exp(-x))
        tail = math.exp(x)
        return tail / (1.0 + tail)

    def normal_share(self, x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    def normal_density(self, x: float) -> float:
        return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

    def minimum(self, a: float, b: float) -> float:
        return a if a < b or a != a else b

    def maximum(self, a: float, b: float) -> float:
        return a if a > b or a != a else b

    def where(self, condition: bool, a: float, b: float) -> float:
        return a if condition else b


def _or_infinity(function: Callable[[float], float], x: float) -> float:
    try:
        return function(x)
    except OverflowError:
        return math.inf


class Arrays(_NoOtherOperation):
    """`Arithmetic` on numpy arrays, in the dtype of the array."""

    def __init__(self) -> None:
        import numpy as np  # on use: the catalogue is read far more often than it computes on arrays

        for name in ("abs", "sqrt", "reciprocal", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "minimum", "maximum", "where"):
            setattr(self, name, getattr(np, name))
        self._erfc = self._elementwise(math.erfc)

    def normal_share(self, x: Value) -> Value:
        return 0.5 * self._erfc(-x / math.sqrt(2))

    def normal_density(self, x: Value) -> Value:
        return self.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)

    def softplus(self, x: Value) -> Value:
        return self.maximum(x, 0.0) + self.log1p(self.exp(-self.abs(x)))

    def sigmoid(self, x: Value) -> Value:
        # Each half of 1 / (1 + exp(-x)) is taken where exp cannot overflow and nothing is lost beside the 1.
        tail = self.exp(-self.abs(x))
        return self.where(x >= 0, 1.0 / (1.0 + tail), tail / (1.0 + tail))

    @staticmethod
    def _elementwise(function: Callable[[float], float]) -> Callable[[Value], Value]:
        import numpy as np

        looped = np.vectorize(function, otypes=[float])
        return lambda x: looped(x).astype(np.asarray(x).dtype)


floats = Floats()


@functools.cache
def arrays() -> Arrays:
    """The arithmetic of numpy arrays; numpy is imported by the first call."""
    return Arrays()
