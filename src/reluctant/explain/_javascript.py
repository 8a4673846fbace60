"""The formulas of the catalogue as JavaScript, for the network that trains in the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from reluctant.activations import Activation, Gated, all_activations
from reluctant.errors import UnknownNameError

FUNCTIONS = {
    "abs": "Math.abs", "sqrt": "Math.sqrt", "exp": "Math.exp", "expm1": "Math.expm1", "log": "Math.log", "log1p": "Math.log1p",
    "sin": "Math.sin", "cos": "Math.cos", "tanh": "Math.tanh", "minimum": "Math.min", "maximum": "Math.max",
}  # fmt: skip
"""Operations of `Arithmetic` that JavaScript has. It has no error function."""


def _infix(operator: str, swapped: bool = False) -> Callable[[_Expression, Any], _Expression]:
    """What writes an operator between an expression and another operand, which stands before it where they are swapped."""
    return lambda self, other: _between(other, operator, self) if swapped else _between(self, operator, other)


@dataclass(frozen=True)
class _Expression:
    """A formula written out; operations on it are written around it."""

    code: str

    __add__, __radd__ = _infix("+"), _infix("+", swapped=True)
    __sub__, __rsub__ = _infix("-"), _infix("-", swapped=True)
    __mul__, __rmul__ = _infix("*"), _infix("*", swapped=True)
    __truediv__, __rtruediv__ = _infix("/"), _infix("/", swapped=True)
    __lt__, __le__, __gt__, __ge__ = map(_infix, ("<", "<=", ">", ">="))
    __and__, __or__ = _infix("&&"), _infix("||")

    def __neg__(self) -> _Expression:
        return _Expression(f"(-{self.code})")


def _code(value: Any) -> str:
    if isinstance(value, _Expression):
        return value.code
    number = float(value)
    if math.isinf(number):
        return "Infinity" if number > 0 else "(-Infinity)"
    return repr(number) if number >= 0 else f"({number!r})"


def _between(a: Any, operator: str, b: Any) -> _Expression:
    return _Expression(f"({_code(a)} {operator} {_code(b)})")


class _JavaScript:
    """`Arithmetic` on expressions."""

    def where(self, condition: Any, a: Any, b: Any) -> _Expression:
        return _Expression(f"({_code(condition)} ? {_code(a)} : {_code(b)})")

    def sigmoid(self, x: Any) -> _Expression:
        return _Expression(f"(1 / (1 + Math.exp(-{_code(x)})))")

    def reciprocal(self, x: Any) -> _Expression:
        return _between(1.0, "/", x)

    def softplus(self, x: Any) -> _Expression:
        return _Expression(f"(Math.max({_code(x)}, 0) + Math.log1p(Math.exp(-Math.abs({_code(x)}))))")

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            operations = (*(own for own in vars(_JavaScript) if not own.startswith("_")), *FUNCTIONS)
            raise UnknownNameError("operation of a formula in JavaScript", name, operations)
        return lambda *operands: _Expression(f"{FUNCTIONS[name]}({', '.join(map(_code, operands))})")


def javascript(activation: Activation) -> tuple[str, str]:
    """The activation and its slope as expressions in ``x``, at its parameters.

    Raises `UnknownNameError` where its formula needs what JavaScript does not have.
    """
    m, x = _JavaScript(), _Expression("x")
    return _code(activation.forward(m, x)), _code(activation.derivative(m, x))


def in_javascript() -> dict[str, Activation]:
    """The activations of the catalogue that one function of JavaScript can stand for, by their spelling.

    Gated pairs have two inputs, learned and drawn slopes are no constants, straight lines are what the page calls no activation, and
    JavaScript lacks what some need.
    """
    found = {}
    for activation in all_activations():
        if not (isinstance(activation, Gated) or activation.learned or activation.drawn or activation.traits.straight_line):
            with suppress(UnknownNameError):
                javascript(activation)
                found[activation.spelling] = activation
    return found
