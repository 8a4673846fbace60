"""What the kernels of an activation compute: its formulas, traced, and a fingerprint of them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._signature import Signature
from ._trace import Term, Trace, in_order, with_symbols


@dataclass(frozen=True)
class KernelFormula:
    """One kernel: what it computes from what."""

    part: str
    """``forward``, ``backward``, ``backward_from_output`` …: what its name ends with."""
    inputs: tuple[str, ...]
    """x, y, g …: what differs from element to element."""
    results: Mapping[str, Term | float]


def formulas(signature: Signature) -> tuple[KernelFormula, ...]:
    """The formulas of all kernels that an activation has: g is the gradient at its value, da that at its input a."""
    kinds = {"plain": _plain, "learned": _learned, "drawn": _drawn, "gated": _gated}
    trace = Trace()
    return tuple(kinds[signature.kind](signature, trace, with_symbols(signature.definition, trace, signature.fixed)))


def _plain(signature: Signature, trace: Trace, activation: Any) -> Iterator[KernelFormula]:
    x, y, g = (trace.input(name) for name in "xyg")
    yield KernelFormula("forward", ("x",), {"y": activation.forward(trace, x)})
    yield KernelFormula("backward_from_input", ("g", "x"), {"dx": trace.multiply(g, activation.derivative(trace, x))})
    if signature.has_slope_from_output:
        yield KernelFormula("backward_from_output", ("g", "y"), {"dx": trace.multiply(g, activation.derivative_from_output(trace, y))})
    if signature.may_lose_the_input:
        yield KernelFormula("lost", ("x",), {"lost": activation.lost_in_output(trace, x)})


def _learned(signature: Signature, trace: Trace, activation: Any) -> Iterator[KernelFormula]:
    x, weight, g = (trace.input(name) for name in ("x", "weight", "g"))
    yield KernelFormula("forward", ("x", "weight"), {"y": activation.forward(trace, x, weight)})
    dx = trace.multiply(g, activation.derivative(trace, x, weight))
    dweight = trace.multiply(g, activation.weight_derivative(trace, x))
    yield KernelFormula("backward", ("g", "x", "weight"), {"dx": dx, "dweight": dweight})


def _drawn(signature: Signature, trace: Trace, activation: Any) -> Iterator[KernelFormula]:
    x, y, g, u = (trace.input(name) for name in "xygu")
    ((lower, upper),) = signature.definition.drawn.values()
    bottom, top = getattr(activation, lower), getattr(activation, upper)
    drawn = bottom + (top - bottom) * u
    yield KernelFormula("forward", ("x", "u"), {"y": activation.forward(trace, x, drawn)})
    yield KernelFormula("backward_from_input", ("g", "x", "u"), {"dx": trace.multiply(g, activation.derivative(trace, x, drawn))})
    if signature.has_slope_from_output:
        slope = activation.derivative_from_output(trace, y, drawn)
        yield KernelFormula("backward_from_output", ("g", "y", "u"), {"dx": trace.multiply(g, slope)})


def _gated(signature: Signature, trace: Trace, activation: Any) -> Iterator[KernelFormula]:
    a, b, g = (trace.input(name) for name in "abg")
    yield KernelFormula("forward", ("a", "b"), {"y": activation.forward(trace, a, b)})
    # The slope of the gate times g first: so a choice of 0 or 1 stays a choice.
    da = trace.multiply(trace.multiply(g, activation.gate.derivative(trace, a)), b)
    yield KernelFormula("backward", ("g", "a", "b"), {"da": da, "db": trace.multiply(g, activation.gate.forward(trace, a))})


@functools.cache
def fingerprint(signature: Signature) -> str:
    """Changes with the formulas and with the order of the parameters, and with nothing else.

    A compiled kernel of another fingerprint computes something else than the catalogue says, and is not used.
    """
    lines = [", ".join(signature.parameters), *(line for formula in formulas(signature) for line in _canonical(formula))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _canonical(formula: KernelFormula) -> Iterator[str]:
    """A formula as text in which terms are numbered as they are needed, whatever else was traced before."""
    numbers: dict[int, int] = {}

    def written(value: Term | float) -> str:
        return f"t{numbers[id(value)]}" if isinstance(value, Term) else float(value).hex()

    yield f"{formula.part}({', '.join(formula.inputs)})"
    for term in in_order(*formula.results.values()):
        numbers[id(term)] = len(numbers)
        yield f"{written(term)} = {term.operation} {term.name}({', '.join(map(written, term.operands))})"
    yield ", ".join(f"{name} = {written(value)}" for name, value in formula.results.items())
