"""Prints the Triton of every activation of the catalogue from its formulas: ``python -m reluctant.kernels._triton_source``."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from reluctant.activations import definitions

from ._signature import Signature, signatures
from ._trace import SYMBOLS, Term, Trace, in_order, with_symbols

HEAD = '''"""Kernels of activations, printed from the catalogue's formulas."""

import triton
import triton.language as tl

from reluctant.kernels._triton_mathematics import *
'''
PLACES = """    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count"""
PLACES_IN_PAIRS = """    a_at = at // columns * a_stride + at % columns
    b_at = at // columns * b_stride + at % columns"""


def source() -> str:
    """The text of a module that holds all kernels; those of learned and drawn values are left to torch."""
    parts = [HEAD]
    for signature in signatures(definitions().values()):
        if signature.kind in ("plain", "gated"):
            parts += [*(_plain(signature) if signature.kind == "plain" else _gated(signature)), ""]
    return "\n".join(parts)


def _plain(signature: Signature) -> Iterator[str]:
    trace = Trace()
    activation = with_symbols(signature.definition, trace, signature.fixed)
    x, y, g = (trace.input(name) for name in "xyg")
    yield _kernel(signature, "forward", {"x": "at"}, {"y": ("at", activation.forward(trace, x))})
    slope = activation.derivative(trace, x)
    yield _kernel(signature, "backward_from_input", {"g": "at", "x": "at"}, {"dx": ("at", trace.multiply(g, slope))})
    if signature.has_slope_from_output:
        slope = activation.derivative_from_output(trace, y)
        yield _kernel(signature, "backward_from_output", {"g": "at", "y": "at"}, {"dx": ("at", trace.multiply(g, slope))})


def _gated(signature: Signature) -> Iterator[str]:
    trace = Trace()
    activation: Any = with_symbols(signature.definition, trace, signature.fixed)
    a, b, g = (trace.input(name) for name in "abg")
    inputs = {"a": "a_at", "b": "b_at"}
    yield _kernel(signature, "forward", inputs, {"y": ("at", activation.forward(trace, a, b))})
    gate = activation.gate
    da = trace.multiply(trace.multiply(g, gate.derivative(trace, a)), b)
    db = trace.multiply(g, gate.forward(trace, a))
    yield _kernel(signature, "backward", {"g": "at", **inputs}, {"da": ("a_at", da), "db": ("b_at", db)})


def _kernel(signature: Signature, part: str, inputs: Mapping[str, str], results: Mapping[str, tuple[str, Term | float]]) -> str:
    """One kernel: what it reads and writes, each with the name of the places in memory."""
    in_pairs = signature.kind == "gated"
    strides = ["columns", "a_stride", "b_stride"] if in_pairs else []
    arguments = [*(f"{name}_" for name in (*inputs, *results)), "count", *strides, *signature.parameters, "BLOCK: tl.constexpr"]
    lines = ["@triton.jit", f"def {signature.name}_{part}({', '.join(arguments)}):", PLACES, *([PLACES_IN_PAIRS] if in_pairs else [])]
    lines += [f"    {name} = tl.load({name}_ + {places}, mask=inside, other=1.0).to(tl.float32)" for name, places in inputs.items()]
    for term in in_order(*(value for _, value in results.values())):
        if term.operation not in ("input", "parameter"):
            lines.append(f"    {_name(term)} = {_expression(term)}")
    for name, (places, value) in results.items():
        varies = isinstance(value, Term) and value.varies
        whole = _operand(value) if varies else f"tl.full(inside.shape, 0.0, tl.float32) + {_operand(value)}"
        lines.append(f"    tl.store({name}_ + {places}, ({whole}).to({name}_.dtype.element_ty), mask=inside)")
    return "\n".join([*lines, ""])


def _name(term: Term) -> str:
    return term.name or f"t{term.number}"


def _operand(value: Term | float) -> str:
    return _name(value) if isinstance(value, Term) else _number(value)


def _number(value: float) -> str:
    """The float32 nearest to it, in decimal."""
    if math.isinf(value):
        return f"float('{value}')"
    return repr(struct.unpack("f", struct.pack("f", value))[0])


def _expression(term: Term) -> str:
    operands = [_operand(entry) for entry in term.operands]
    if term.operation == "divide":
        return f"v_divide({', '.join(operands)})" if term.varies else " / ".join(operands)
    if term.operation in SYMBOLS:
        return f"{operands[0]} {SYMBOLS[term.operation]} {operands[1]}"
    if term.operation == "negative":
        return f"-{operands[0]}"
    if term.operation == "where":
        return f"tl.where({', '.join(operands)})"
    return f"v_{term.operation}({', '.join(operands)})"


if __name__ == "__main__":
    print(source())
