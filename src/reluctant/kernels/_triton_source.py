"""Prints the Triton of every activation of the catalogue from its formulas: ``python -m reluctant.kernels._triton_source``."""

from __future__ import annotations

import math
import struct

from reluctant.activations import definitions

from ._formulas import KernelFormula, formulas
from ._signature import Signature, signatures
from ._trace import SYMBOLS, Term, in_order

HEAD = '''"""Kernels of activations, printed from the catalogue's formulas."""

import triton
import triton.language as tl

from reluctant.kernels._triton_mathematics import *
'''
PLACES = """    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count"""
PLACES_IN_PAIRS = """    a_at = at // columns * a_stride + at % columns
    b_at = at // columns * b_stride + at % columns"""


OF_TRITON = {"abs": "tl.abs", "sqrt": "tl.sqrt_rn", "divide": "tl.div_rn", "log": "tl.log", "sin": "tl.sin", "cos": "tl.cos"}
"""Operations that Triton computes well enough: root and quotient rounded once."""


def source() -> str:
    """The text of a module that holds all kernels; those of learned and drawn values are left to torch."""
    parts = [HEAD]
    for signature in signatures(definitions().values()):
        if signature.kind in ("plain", "gated"):
            parts += [*(_kernel(signature, formula) for formula in formulas(signature) if formula.part != "lost"), ""]
    return "\n".join(parts)


def _kernel(signature: Signature, formula: KernelFormula) -> str:
    strides, places = (["columns", "a_stride", "b_stride"], [PLACES_IN_PAIRS]) if signature.kind == "gated" else ([], [])
    tensors = [f"{name}_" for name in (*formula.inputs, *formula.results)]
    arguments = [*tensors, "count", *strides, *signature.parameters, "BLOCK: tl.constexpr"]
    lines = ["@triton.jit", f"def {signature.name}_{formula.part}({', '.join(arguments)}):", PLACES, *places]
    for name in formula.inputs:
        lines.append(f"    {name} = tl.load({name}_ + {_places(name)}, mask=inside, other=1.0).to(tl.float32)")
    for term in in_order(*formula.results.values()):
        if term.operation not in ("input", "parameter"):
            lines.append(f"    {_name(term)} = {_expression(term)}")
    for name, value in formula.results.items():
        varies = isinstance(value, Term) and value.varies
        whole = _operand(value) if varies else f"tl.full(inside.shape, 0.0, tl.float32) + {_operand(value)}"
        lines.append(f"    tl.store({name}_ + {_places(name)}, ({whole}).to({name}_.dtype.element_ty), mask=inside)")
    return "\n".join([*lines, ""])


def _places(name: str) -> str:
    """Where a tensor's elements lie: those of a pair and their gradients with row strides of their own."""
    return {"a": "a_at", "b": "b_at", "da": "a_at", "db": "b_at"}.get(name, "at")


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
    if term.operation in SYMBOLS and not (term.operation == "divide" and term.varies):
        return f"{operands[0]} {SYMBOLS[term.operation]} {operands[1]}"
    if term.operation == "negative":
        return f"-{operands[0]}"
    if term.operation == "where":
        return f"tl.where({', '.join(operands)})"
    return f"{OF_TRITON.get(term.operation, f'v_{term.operation}')}({', '.join(operands)})"


if __name__ == "__main__":
    print(source())
