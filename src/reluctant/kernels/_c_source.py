"""Prints the C++ of every activation of the catalogue from its formulas: ``python -m reluctant.kernels._c_source``."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reluctant.activations import definitions

from ._signature import Signature, signatures
from ._trace import SYMBOLS, Term, Trace, in_order, with_symbols

KINDS_OF_FLOAT = ("float", "bfloat16", "float16")
"""Types of elements for activations that more than their input decides. The others have 16-bit floats by table."""


def source() -> str:
    """The C++ of all kernels that follow from formulas."""
    parts = ['#include "channels.h"', '#include "drawn.h"', '#include "gated.h"', '#include "mathematics.h"', ""]
    for signature in signatures(definitions().values()):
        parts += [f"// {signature.symbol}", *_kernels(signature), ""]
    return "\n".join(parts)


def _kernels(signature: Signature) -> Iterator[str]:
    writers = {"plain": _plain, "learned": _learned, "drawn": _drawn, "gated": _gated}
    yield from writers[signature.kind](signature)


class Code:
    """One traced activation and the lines of C++ that compute terms of it."""

    def __init__(self, signature: Signature) -> None:
        self.trace = Trace()
        self.activation: Any = with_symbols(signature.definition, self.trace, signature.words)
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
        return "\n".join([f"[=]({', '.join(arguments)}) {{", *lines, *last, "}"])


def _assignments(results: Any) -> Iterator[tuple[str, str]]:
    for term in in_order(*results):
        if term.operation not in ("input", "parameter"):
            yield _name(term), _expression(term)


def _name(term: Term) -> str:
    return term.name or f"t{term.number}"


def _operand(value: Term | float, vector: bool) -> str:
    """A term or number in an expression; one that is the same for all elements is spread over a vector where one is needed."""
    text = _name(value) if isinstance(value, Term) else _number(value)
    return f"splat({text})" if vector and not (isinstance(value, Term) and value.varies) else text


def _number(value: float) -> str:
    single = struct.unpack("f", struct.pack("f", value))[0]
    return f"{float(single).hex()}f"


def _expression(term: Term) -> str:
    operands = [_operand(entry, term.varies) for entry in term.operands]
    if term.operation in SYMBOLS:
        return f"{operands[0]} {SYMBOLS[term.operation]} {operands[1]}"
    if term.operation == "negative":
        return f"-{operands[0]}"
    if term.operation == "where":
        return f"where({', '.join(operands)})"
    return f"v_{term.operation}({', '.join(operands)})"


def _plain(signature: Signature) -> Iterator[str]:
    code = Code(signature)
    x, y, g = (code.trace.input(name) for name in "xyg")
    forward = code.function("x", {"y": code.activation.forward(code.trace, x)})
    yield f"EXPORT void {signature.symbol}_forward(const float* x_, float* y_, int64_t count{code.parameters}) {{"
    yield f"    const auto f = {forward};"
    yield "    in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) { map(x_ + begin, y_ + begin, end - begin, f); });\n}"
    slopes = {"input": ("x", code.activation.derivative(code.trace, x))}
    if signature.has_slope_from_output:
        slopes["output"] = ("y", code.activation.derivative_from_output(code.trace, y))
    for kept, (name, slope) in slopes.items():
        gradient = code.function(["g", name], {"dx": code.trace.multiply(g, slope)})
        yield (
            f"EXPORT void {signature.symbol}_backward_from_{kept}"
            f"(const float* g_, const float* kept_, float* dx_, int64_t count{code.parameters}) {{"
        )
        yield f"    const auto f = {gradient};"
        yield "    in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) {"
        yield "        map(g_ + begin, kept_ + begin, dx_ + begin, end - begin, f);\n    });\n}"
    if signature.may_lose_the_input:
        lost = code.activation.lost_in_output(code.trace, x)
        yield f"EXPORT int32_t {signature.symbol}_lost(const float* x_, int64_t count{code.parameters}) {{"
        yield f"    return any_of(x_, count, {code.function('x', {'lost': lost})});\n}}"


def _learned(signature: Signature) -> Iterator[str]:
    code = Code(signature)
    x, weight, g = (code.trace.input(name) for name in ("x", "weight", "g"))
    forward = code.function(["x", "weight"], {"y": code.activation.forward(code.trace, x, weight)})
    slope = code.function(["g", "x", "weight"], {"dx": code.trace.multiply(g, code.activation.derivative(code.trace, x, weight))})
    weight_slope = code.function(["g", "x"], {"dw": code.trace.multiply(g, code.activation.weight_derivative(code.trace, x))})
    for kind in KINDS_OF_FLOAT:
        yield f"EXPORT void {signature.symbol}_forward_{kind}(const {kind}* x_, {kind}* y_, const float* weight_, Shape shape) {{"
        yield f"    channels_forward(x_, y_, weight_, shape, {forward});\n}}"
        yield (
            f"EXPORT void {signature.symbol}_backward_{kind}(const {kind}* g_, const {kind}* x_, const float* weight_, {kind}* dx_, "
            "float* dweight_, double* partial_, Shape shape) {"
        )
        yield f"    channels_backward(g_, x_, weight_, dx_, dweight_, partial_, shape, {slope}, {weight_slope});\n}}"


def _drawn(signature: Signature) -> Iterator[str]:
    code = Code(signature)
    a, kept, u = (code.trace.input(name) for name in ("a", "kept", "u"))
    ((lower, upper),) = signature.definition.drawn.values()
    bottom, top = getattr(code.activation, lower), getattr(code.activation, upper)
    value = bottom + (top - bottom) * u
    forward = code.function(["a", "u"], {"y": code.activation.forward(code.trace, a, value)})
    slopes = {"input": code.activation.derivative(code.trace, kept, value)}
    if signature.has_slope_from_output:
        slopes["output"] = code.activation.derivative_from_output(code.trace, kept, value)
    for kind in KINDS_OF_FLOAT:
        arguments = f"const {kind}* a_, {kind}* y_, int64_t count, uint64_t seed{code.parameters}"
        yield f"EXPORT void {signature.symbol}_forward_{kind}({arguments}) {{"
        yield f"    drawn_map(a_, y_, seed, count, {forward});\n}}"
        for name, slope in slopes.items():
            gradient = code.function(["a", "kept", "u"], {"dx": code.trace.multiply(a, slope)})
            yield (
                f"EXPORT void {signature.symbol}_backward_from_{name}_{kind}(const {kind}* g_, const {kind}* kept_, {kind}* dx_, "
                f"int64_t count, uint64_t seed{code.parameters}) {{"
            )
            yield f"    drawn_map(g_, kept_, dx_, seed, count, {gradient});\n}}"


def _gated(signature: Signature) -> Iterator[str]:
    code = Code(signature)
    a, b, g = (code.trace.input(name) for name in "abg")
    forward = code.function("ab", {"y": code.activation.forward(code.trace, a, b)})
    # The slope of the gate times g first: so a choice of 0 or 1 stays a choice.
    da = code.trace.multiply(code.trace.multiply(g, code.activation.gate.derivative(code.trace, a)), b)
    db = code.trace.multiply(g, code.activation.gate.forward(code.trace, a))
    slopes = code.function("gab", {"da": da, "db": db}, returns=False)
    for kind in KINDS_OF_FLOAT:
        yield f"EXPORT void {signature.symbol}_forward_{kind}(const {kind}* a_, const {kind}* b_, {kind}* y_, Pair pair) {{"
        yield f"    gated_forward(a_, b_, y_, pair, {forward});\n}}"
        yield (
            f"EXPORT void {signature.symbol}_backward_{kind}(const {kind}* g_, const {kind}* a_, const {kind}* b_, "
            f"{kind}* da_, {kind}* db_, Pair pair, Pair out) {{"
        )
        yield f"    gated_backward(g_, a_, b_, da_, db_, pair, out, {slopes});\n}}"


if __name__ == "__main__":
    print(source())
