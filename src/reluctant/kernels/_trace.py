"""Traces the formulas of an activation, so that they can be printed as the code of a kernel."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reluctant.activations import OPERATIONS, Activation

SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "less": "<", "less_equal": "<=", "greater": ">",
           "greater_equal": ">=", "and": "&", "or": "|"}
"""Operations with two operands that Python, C and Triton write alike."""


def _operator(operation: str, reflected: bool = False) -> Callable[[Term, Any], Any]:
    """The method behind one of Python's operators: what the trace makes of the operands in the order in which they are written."""

    def method(self: Term, other: Any) -> Any:
        return getattr(self.trace, operation)(*((other, self) if reflected else (self, other)))

    return method


@dataclass(frozen=True, eq=False)
class Term:
    """A value of a formula: an input, a parameter, or an operation on other terms. Equal terms of one `Trace` are one object."""

    trace: Trace
    operation: str
    operands: tuple[Term | float, ...]
    name: str = ""
    """Of an input or a parameter."""
    number: int = 0
    """Its place in the trace."""

    @property
    def varies(self) -> bool:
        """Whether it differs from element to element: it depends on an input."""
        return self.operation == "input" or any(isinstance(operand, Term) and operand.varies for operand in self.operands)

    __add__, __radd__ = _operator("add"), _operator("add", reflected=True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", reflected=True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", reflected=True)
    __truediv__, __rtruediv__ = _operator("divide"), _operator("divide", reflected=True)
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __and__, __or__ = _operator("and"), _operator("or")

    def __neg__(self) -> Any:
        return self.trace.negative(self)

    def __bool__(self) -> bool:
        raise TypeError("a formula asked `if` about a value: write m.where(condition, a, b)")


class Trace:
    """`Arithmetic` on terms. What it simplifies holds for every float, NaN and ±∞ included, unless its comment says otherwise."""

    def __init__(self) -> None:
        self._terms: dict[tuple[object, ...], Term] = {}

    def input(self, name: str) -> Term:
        """A value that differs from element to element."""
        return self._unique("input", (), name)

    def parameter(self, name: str) -> Term:
        """A value that is the same for all elements."""
        return self._unique("parameter", (), name)

    def term(self, operation: str, *operands: Any) -> Term:
        """An operation on terms and numbers."""
        return self._unique(operation, tuple(entry if isinstance(entry, Term) else float(entry) for entry in operands), "")

    def _unique(self, operation: str, operands: tuple[Term | float, ...], name: str) -> Term:
        parts = (id(entry) if isinstance(entry, Term) else ("number", math.copysign(1, entry), entry) for entry in operands)
        key = (operation, name, *parts)
        return self._terms.setdefault(key, Term(self, operation, operands, name, len(self._terms)))

    def negative(self, a: Any) -> Any:
        """Minus `a`."""
        if not isinstance(a, Term):
            return -a
        return a.operands[0] if a.operation == "negative" else self.term("negative", a)

    def multiply(self, a: Any, b: Any) -> Any:
        """The product. A choice between constants is made before the product, as torch does it: where a slope is 0, NaN · 0 is 0.

        A multiple of expm1 is an operation of its own, which rounds once instead of twice.
        """
        for factor, other in ((a, b), (b, a)):
            if not isinstance(factor, Term):
                if factor == 1.0:
                    return other
            elif factor.operation == "where" and any(isinstance(choice, float) and choice in (0.0, 1.0) for choice in factor.operands[1:]):
                condition, yes, no = factor.operands
                return self.where(condition, self._times_choice(yes, other), self._times_choice(no, other))
            if isinstance(other, Term) and other.operation == "expm1" and not (isinstance(factor, Term) and factor.varies):
                return self.term("times_expm1", factor, other.operands[0])
        return self.term("multiply", a, b)

    def _times_choice(self, choice: Any, other: Any) -> Any:
        return 0.0 if not isinstance(choice, Term) and choice == 0.0 else self.multiply(choice, other)

    def divide(self, a: Any, b: Any) -> Any:
        """The quotient. By a parameter one multiplies with its reciprocal, taken once for all elements, as torch's own kernels do."""
        if not isinstance(b, Term) and b == 1.0:
            return a
        if isinstance(b, Term) and not b.varies:
            return self.multiply(a, self.term("divide", 1.0, b))
        return self.term("divide", a, b)

    def abs(self, x: Any) -> Any:
        """|x|."""
        return self.term("abs", x.operands[0] if isinstance(x, Term) and x.operation == "negative" else x)

    def exp(self, x: Any) -> Term:
        """The exponential; that of -|x| has an operation of its own, which need not look out for overflow."""
        if isinstance(x, Term) and x.operation == "negative" and isinstance(x.operands[0], Term) and x.operands[0].operation == "abs":
            return self.term("exp_of_minus_size", x.operands[0].operands[0])
        return self.term("exp", x)

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + exp(-x)), by an exponential that cannot overflow; σ(x) and σ(-x) share it."""
        e = self.exp(self.negative(self.abs(x)))
        upper = self.term("reciprocal", self.add(e, 1.0))
        if isinstance(x, Term) and x.operation == "negative":
            return self.where(self.term("greater_equal", x.operands[0], 0.0), self.multiply(e, upper), upper)
        return self.where(self.term("greater_equal", x, 0.0), upper, self.multiply(e, upper))

    def __getattr__(self, name: str) -> Callable[..., Term]:
        """The other operations of `Arithmetic`, and those with a symbol, are terms of their own name."""
        if name not in (*OPERATIONS, *SYMBOLS):
            raise AttributeError(name)
        return lambda *operands: self.term(name, *operands)


def with_symbols(definition: type[Activation], trace: Trace, fixed: Mapping[str, str | float]) -> Activation:
    """An activation whose parameters are those of `fixed`, and terms where it has none."""
    symbolic = object.__new__(definition)
    for entry in dataclasses.fields(definition):
        value = fixed[entry.name] if entry.name in fixed else trace.parameter(entry.name)
        object.__setattr__(symbolic, entry.name, value)
    return symbolic


def in_order(*results: Term | float) -> Iterator[Term]:
    """Every term that the results need, each after those it needs itself."""
    seen: set[int] = set()

    def visit(term: Term | float) -> Iterator[Term]:
        if isinstance(term, Term) and id(term) not in seen:
            seen.add(id(term))
            for operand in term.operands:
                yield from visit(operand)
            yield term

    for result in results:
        yield from visit(result)
