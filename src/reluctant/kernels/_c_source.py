"""Prints the C++ of every activation of the catalogue from its formulas: ``python -m reluctant.kernels._c_source``."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reluctant.activations import definitions

from ._signature import Signature, signatures
from ._trace import SYMBOLS, Term, Trace, in_order, with_symbols

KINDS_OF_FLOAT = ("float", "bfloat16", "float16")
"""Types of elements, as the C++ names them."""

INCLUDED = ("channels.h", "drawn.h", "gated.h", "mathematics.h")

CHEAP = {*SYMBOLS, "input", "parameter", "negative", "abs", "where", "minimum", "maximum", "sqrt"}
"""Operations of one or two instructions."""

CHOICES = {"input", "where", "minimum", "maximum", "less", "less_equal", "greater", "greater_equal", "and", "or"}
"""Operations that compute no new number."""


@dataclass(frozen=True)
class Kernel:
    """One exported function in C++."""

    text: str
    wide: bool
    """Whether it computes enough to want the widest vectors.

    A kernel that waits for memory does not: with 512-bit vectors ReLU's backward took 0.56 ns an element at 4 M elements, with 256-bit ones
    0.47; ELU's forward took 0.32 and 0.40 (AMD EPYC of the Zen 4 generation).
    """


def sources() -> dict[str, str]:
    """The C++ of all kernels that follow from formulas, by the name of its file: one for each width of vectors."""
    kernels = [kernel for signature in signatures(definitions().values()) for kernel in _kernels(signature)]
    wide, narrow = ([kernel for kernel in kernels if kernel.wide == width] for width in (True, False))
    return {"wide.cpp": _file(wide, wide=True), "narrow.cpp": _file(narrow, wide=False)}


def _file(kernels: Sequence[Kernel], *, wide: bool) -> str:
    lanes = ["#if defined(__AVX512F__)", "#define LANES 16", "#endif"] if wide else []
    return "\n".join([*lanes, *(f'#include "{name}"' for name in INCLUDED), *(kernel.text for kernel in kernels), ""])


def _kernels(signature: Signature) -> Iterator[Kernel]:
    writers = {"plain": _plain, "learned": _learned, "drawn": _drawn, "gated": _gated}
    yield from writers[signature.kind](signature)


class Code:
    """One traced activation and the lines of C++ that compute terms of it."""

    def __init__(self, signature: Signature) -> None:
        self.trace = Trace()
        self.activation: Any = with_symbols(signature.definition, self.trace, signature.fixed)
        self.parameters = "".join(f", float {name}" for name in signature.parameters)

    def function(self, inputs: Sequence[str], results: Mapping[str, Term | float], *, returns: bool = True) -> str:
        """A lambda of vectors that returns its only result, or writes several to references."""
        arguments = [f"V {name}" for name in inputs]
        if not returns:
            arguments += [f"V& {name}" for name in results]
        lines = [f"    const auto {name} = {text};" for name, text in _assignments(results.values())]
        last = [f"    return {_operand(value, True)};" for value in results.values()] if returns else [
            f"    {name} = {_operand(value, True)};" for name, value in results.items()
        ]
        # Several loops call it, so that the compiler may not inline it by itself: GEGLU's backward of 16 bits took a sixth longer then.
        return "\n".join([f"[=]({', '.join(arguments)}) __attribute__((always_inline)) {{", *lines, *last, "}"])


def _assignments(results: Any) -> Iterator[tuple[str, str]]:
    for term in in_order(*results):
        if term.operation not in ("input", "parameter"):
            yield _name(term), _call(term, [_operand(entry, term.varies) for entry in term.operands])


def _name(term: Term) -> str:
    return term.name or f"t{term.number}"


def _operand(value: Term | float, vector: bool) -> str:
    """A term or number in an expression; one that is the same for all elements is spread over a vector where one is needed."""
    text = _name(value) if isinstance(value, Term) else _number(value)
    return f"splat({text})" if vector and not (isinstance(value, Term) and value.varies) else text


def _number(value: float) -> str:
    if math.isinf(value):
        return f"{'-' if value < 0 else ''}__builtin_inff()"
    single = struct.unpack("f", struct.pack("f", value))[0]
    return f"{float(single).hex()}f"


def _call(term: Term, operands: Sequence[str]) -> str:
    """An operation on operands that are written already."""
    if term.operation in SYMBOLS:
        return f"{operands[0]} {SYMBOLS[term.operation]} {operands[1]}"
    if term.operation == "negative":
        return f"-{operands[0]}"
    return f"{'' if term.operation == 'where' else 'v_'}{term.operation}({', '.join(operands)})"


def _is_wide(*results: Term | float) -> bool:
    return any(term.operation not in CHEAP for term in in_order(*results))


def _kernel(name: str, arguments: str, body: str, *results: Term | float, wide: bool = False, returns: str = "void") -> Kernel:
    return Kernel(f"EXPORT {returns} {name}({arguments}) {{\n{body}\n}}", wide or _is_wide(*results))


def _plain(signature: Signature) -> Iterator[Kernel]:
    code = Code(signature)
    x, y, g = (code.trace.input(name) for name in "xyg")
    value = code.activation.forward(code.trace, x)
    slopes = {"input": ("x", code.activation.derivative(code.trace, x))}
    if signature.has_slope_from_output:
        slopes["output"] = ("y", code.activation.derivative_from_output(code.trace, y))
    # Of 16 bits only what is cheap: anything else is faster by table.
    for kind in KINDS_OF_FLOAT if not _is_wide(value) else ("float",):
        yield _kernel(
            f"{signature.symbol}_forward_{kind}", f"const {kind}* x_, {kind}* y_, int64_t count{code.parameters}",
            f"    map_in_pieces(x_, y_, count, {code.function('x', {'y': value})});", value,
        )
        for kept, (name, slope) in slopes.items():
            gradient = code.trace.multiply(g, slope)
            yield _kernel(
                f"{signature.symbol}_backward_from_{kept}_{kind}",
                f"const {kind}* g_, const {kind}* kept_, {kind}* dx_, int64_t count{code.parameters}",
                f"    map_in_pieces(g_, kept_, dx_, count, {code.function(['g', name], {'dx': gradient})});", gradient,
            )
    if signature.may_lose_the_input:
        lost = code.activation.lost_in_output(code.trace, x)
        yield _kernel(
            f"{signature.symbol}_lost", f"const float* x_, int64_t count{code.parameters}",
            f"    return any_of(x_, count, {code.function('x', {'lost': lost})});", lost, returns="int32_t",
        )


def _learned(signature: Signature) -> Iterator[Kernel]:
    code = Code(signature)
    x, weight, g = (code.trace.input(name) for name in ("x", "weight", "g"))
    value = code.activation.forward(code.trace, x, weight)
    dx = code.trace.multiply(g, code.activation.derivative(code.trace, x, weight))
    dweight = code.trace.multiply(g, code.activation.weight_derivative(code.trace, x))
    slope, weight_slope = code.function(["g", "x", "weight"], {"dx": dx}), code.function(["g", "x"], {"dweight": dweight})
    for kind in KINDS_OF_FLOAT:
        yield _kernel(
            f"{signature.symbol}_forward_{kind}", f"const {kind}* x_, {kind}* y_, const float* weight_, Shape shape",
            f"    channels_forward(x_, y_, weight_, shape, {code.function(['x', 'weight'], {'y': value})});", value,
        )
        yield _kernel(
            f"{signature.symbol}_backward_{kind}",
            f"const {kind}* g_, const {kind}* x_, const float* weight_, {kind}* dx_, float* dweight_, double* partial_, Shape shape",
            f"    channels_backward(g_, x_, weight_, dx_, dweight_, partial_, shape, {slope}, {weight_slope});", dx, dweight,
        )


def _drawn(signature: Signature) -> Iterator[Kernel]:
    code = Code(signature)
    a, kept, u = (code.trace.input(name) for name in ("a", "kept", "u"))
    ((lower, upper),) = signature.definition.drawn.values()
    bottom, top = getattr(code.activation, lower), getattr(code.activation, upper)
    drawn = bottom + (top - bottom) * u
    forward = code.function(["a", "u"], {"y": code.activation.forward(code.trace, a, drawn)})
    slopes = {"input": code.activation.derivative(code.trace, kept, drawn)}
    if signature.has_slope_from_output:
        slopes["output"] = code.activation.derivative_from_output(code.trace, kept, drawn)
    for kind in KINDS_OF_FLOAT:
        yield _kernel(
            f"{signature.symbol}_forward_{kind}", f"const {kind}* a_, {kind}* y_, int64_t count, uint64_t seed{code.parameters}",
            f"    drawn_map(a_, y_, seed, count, {forward});", wide=True,
        )
        for name, slope in slopes.items():
            gradient = code.function(["a", "kept", "u"], {"dx": code.trace.multiply(a, slope)})
            yield _kernel(
                f"{signature.symbol}_backward_from_{name}_{kind}",
                f"const {kind}* g_, const {kind}* kept_, {kind}* dx_, int64_t count, uint64_t seed{code.parameters}",
                f"    drawn_map(g_, kept_, dx_, seed, count, {gradient});", wide=True,
            )


def _gated(signature: Signature) -> Iterator[Kernel]:
    code = Code(signature)
    a, b, g = (code.trace.input(name) for name in "abg")
    value = code.activation.forward(code.trace, a, b)
    # The slope of the gate times g first: so a choice of 0 or 1 stays a choice.
    da = code.trace.multiply(code.trace.multiply(g, code.activation.gate.derivative(code.trace, a)), b)
    db = code.trace.multiply(g, code.activation.gate.forward(code.trace, a))
    slopes = code.function("gab", {"da": da, "db": db}, returns=False)
    # A choice between inputs and constants is exact, and a float holds the product of two 16-bit floats. Other gates are looked up.
    chosen = all(term.operation in CHOICES for term in in_order(code.activation.gate.forward(code.trace, a)))
    for kind in KINDS_OF_FLOAT if chosen else ("float",):
        yield _kernel(
            f"{signature.symbol}_forward_{kind}", f"const {kind}* a_, const {kind}* b_, {kind}* y_, Pair pair",
            f"    gated_forward(a_, b_, y_, pair, {code.function('ab', {'y': value})});", value,
        )
        yield _kernel(
            f"{signature.symbol}_backward_{kind}",
            f"const {kind}* g_, const {kind}* a_, const {kind}* b_, {kind}* da_, {kind}* db_, Pair pair, Pair out",
            f"    gated_backward(g_, a_, b_, da_, db_, pair, out, {slopes});", da, db,
        )


if __name__ == "__main__":
    for name, text in sources().items():
        print(f"// {name}\n{text}")
