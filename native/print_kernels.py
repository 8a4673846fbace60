"""Prints the C++ of every activation of the catalogue from its formulas: ``python native/print_kernels.py``."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reluctant.activations import Gated, definitions
from reluctant.kernels import SYMBOLS, KernelFormula, Signature, Term, Trace, fingerprint, formulas, in_order, signatures

KINDS_OF_FLOAT = ("float", "bfloat16", "float16")
"""Types of elements, as the C++ names them."""

INCLUDED = ("channels.h", "drawn.h", "gated.h", "mathematics.h")

CHEAP = {*SYMBOLS, "input", "parameter", "negative", "abs", "where", "minimum", "maximum", "sqrt"}
"""Operations of one or two instructions."""

CHOICES = {"input", "where", "minimum", "maximum", "less", "less_equal", "greater", "greater_equal", "and", "or"}
"""Operations that compute no new number."""


@dataclass(frozen=True)
class ExportedFunction:
    """One function of the library in C++."""

    text: str
    wide: bool
    """Whether it computes enough to want the widest vectors.

    A kernel that waits for memory does not: with 512-bit vectors ReLU's backward took 0.56 ns an element at 4 M elements, with 256-bit ones
    0.47; ELU's forward took 0.32 and 0.40 (AMD EPYC of the Zen 4 generation).
    """


def sources() -> dict[str, str]:
    """The C++ that follows from formulas, by the name of its file: the kernels, one file for each width of vectors, and fingerprints."""
    forms = list(signatures(definitions().values()))
    kernels = [kernel for form in forms for kernel in _kernels(form)]
    wide, narrow = ([kernel for kernel in kernels if kernel.wide == width] for width in (True, False))
    return {"wide.cpp": _file(wide, wide=True), "narrow.cpp": _file(narrow, wide=False), "fingerprints.cpp": _fingerprints(forms)}


def _file(kernels: Sequence[ExportedFunction], *, wide: bool) -> str:
    lanes = ["#if defined(__AVX512F__)", "#define LANES 16", "#endif"] if wide else []
    return "\n".join([*lanes, *(f'#include "{name}"' for name in INCLUDED), *(kernel.text for kernel in kernels), ""])


def _fingerprints(forms: Iterable[Signature]) -> str:
    """A function that tells of which formulas the kernels are: a line of name and fingerprint for each activation."""
    lines = "".join(f'    "{form.name} {fingerprint(form)}\\n"\n' for form in forms)
    return f'extern "C" __attribute__((visibility("default"))) const char* reluctant_fingerprints() {{\n    return\n{lines}    ;\n}}\n'


def _kernels(signature: Signature) -> Iterator[ExportedFunction]:
    writers = {"plain": _plain, "learned": _learned, "drawn": _drawn, "gated": _gated}
    for formula in formulas(signature):
        yield from writers[signature.kind](signature, formula)


def _lambda(inputs: Sequence[str], results: Mapping[str, Term | float], *, returns: bool = True) -> str:
    """A function of vectors that returns its only result, or writes several to references."""
    arguments = [f"V {name}" for name in inputs]
    if not returns:
        arguments += [f"V& {name}" for name in results]
    lines = [f"    const auto {name} = {text};" for name, text in _assignments(results.values())]
    last = [f"    return {_operand(value, True)};" for value in results.values()] if returns else [
        f"    {name} = {_operand(value, True)};" for name, value in results.items()
    ]
    # Several loops call it, so that the compiler may not inline it by itself: GEGLU's backward of 16 bits took a sixth longer then.
    return "\n".join([f"[=]({', '.join(arguments)}) __attribute__((always_inline)) {{", *lines, *last, "}"])


def _assignments(results: Iterable[Term | float]) -> Iterator[tuple[str, str]]:
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


def _parameters(signature: Signature) -> str:
    return "".join(f", float {name}" for name in signature.parameters)


def _plain(signature: Signature, formula: KernelFormula) -> Iterator[ExportedFunction]:
    name, parameters, (result,) = f"{signature.symbol}_{formula.part}", _parameters(signature), formula.results.values()
    function, wide = _lambda(formula.inputs, formula.results), _is_wide(result)
    if formula.part == "lost":
        yield _exported(name, f"const float* x_, int64_t count{parameters}", f"return any_of(x_, count, {function});", wide, "int32_t")
        return
    # Of 16 bits only what is cheap: anything else is faster by table.
    for kind in KINDS_OF_FLOAT if not _is_wide(*formulas(signature)[0].results.values()) else ("float",):
        if formula.part == "forward":
            arguments, vectors = f"const {kind}* x_, {kind}* y_", "x_, y_"
        else:
            arguments, vectors = f"const {kind}* g_, const {kind}* kept_, {kind}* dx_", "g_, kept_, dx_"
        yield _exported(f"{name}_{kind}", f"{arguments}, int64_t count{parameters}", f"map_in_pieces({vectors}, count, {function});", wide)


def _learned(signature: Signature, formula: KernelFormula) -> Iterator[ExportedFunction]:
    wide = _is_wide(*formula.results.values())
    for kind in KINDS_OF_FLOAT:
        name = f"{signature.symbol}_{formula.part}_{kind}"
        if formula.part == "forward":
            arguments = f"const {kind}* x_, {kind}* y_, const float* weight_, Shape shape"
            yield _exported(name, arguments, f"channels_forward(x_, y_, weight_, shape, {_lambda(formula.inputs, formula.results)});", wide)
            continue
        slope, weight_slope = (_lambda(inputs, {to: formula.results[to]}) for inputs, to in ((formula.inputs, "dx"), ("gx", "dweight")))
        arguments = f"const {kind}* g_, const {kind}* x_, const float* weight_, {kind}* dx_, float* dweight_, double* partial_, Shape shape"
        body = f"channels_backward(g_, x_, weight_, dx_, dweight_, partial_, shape, {slope}, {weight_slope});"
        yield _exported(name, arguments, body, wide)


def _drawn(signature: Signature, formula: KernelFormula) -> Iterator[ExportedFunction]:
    function, parameters = _lambda(formula.inputs, formula.results), _parameters(signature)
    for kind in KINDS_OF_FLOAT:
        if formula.part == "forward":
            arguments, vectors = f"const {kind}* x_, {kind}* y_", "x_, y_"
        else:
            arguments, vectors = f"const {kind}* g_, const {kind}* kept_, {kind}* dx_", "g_, kept_, dx_"
        name, rest = f"{signature.symbol}_{formula.part}_{kind}", f"int64_t count, uint64_t seed{parameters}"
        yield _exported(name, f"{arguments}, {rest}", f"drawn_map({vectors}, seed, count, {function});", wide=True)


def _gated(signature: Signature, formula: KernelFormula) -> Iterator[ExportedFunction]:
    trace, definition = Trace(), signature.definition
    assert issubclass(definition, Gated)
    # A choice between inputs and constants is exact, and a float holds the product of two 16-bit floats. Other gates are looked up.
    chosen = all(term.operation in CHOICES for term in in_order(definition.gate.forward(trace, trace.input("a"))))
    for kind in KINDS_OF_FLOAT if chosen else ("float",):
        if formula.part == "forward":
            arguments = f"const {kind}* a_, const {kind}* b_, {kind}* y_, Pair pair"
            body = f"gated_forward(a_, b_, y_, pair, {_lambda(formula.inputs, formula.results)});"
        else:
            arguments = f"const {kind}* g_, const {kind}* a_, const {kind}* b_, {kind}* da_, {kind}* db_, Pair pair, Pair out"
            body = f"gated_backward(g_, a_, b_, da_, db_, pair, out, {_lambda(formula.inputs, formula.results, returns=False)});"
        yield _exported(f"{signature.symbol}_{formula.part}_{kind}", arguments, body, _is_wide(*formula.results.values()))


def _is_wide(*results: Term | float) -> bool:
    return any(term.operation not in CHEAP for term in in_order(*results))


def _exported(name: str, arguments: str, body: str, wide: bool, returns: str = "void") -> ExportedFunction:
    return ExportedFunction(f"EXPORT {returns} {name}({arguments}) {{\n    {body}\n}}", wide)


if __name__ == "__main__":
    for name, text in sources().items():
        print(f"// {name}\n{text}")
