"""What a trace simplifies holds for every number, and each traced formula computes what the formula does."""

from __future__ import annotations

import math
import operator

import pytest

from print_kernels import sources
from reluctant.activations import Gated, definitions, floats
from reluctant.kernels._signature import signature, signatures
from reluctant.kernels._trace import SYMBOLS, Term, Trace, in_order, with_symbols

FORMS = list(signatures(definitions().values()))
SPECIAL = [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 0.3, -0.7, 17.0, -17.0, 25.0, 1e-30, -1e-30, math.inf, -math.inf, math.nan]
PYTHON = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge, "and": operator.and_, "or": operator.or_,
    "negative": operator.neg, "exp_of_minus_size": lambda x: floats.exp(-abs(x)), "times_expm1": lambda c, x: c * floats.expm1(x),
}


def value(result, inputs):
    """What a traced result is for these inputs and parameters, in double precision."""
    known = {}
    for term in in_order(result):
        if term.operation in ("input", "parameter"):
            known[id(term)] = inputs[term.name]
        else:
            compute = PYTHON.get(term.operation) or getattr(floats, term.operation)
            known[id(term)] = compute(*(known[id(entry)] if isinstance(entry, Term) else entry for entry in term.operands))
    return known[id(result)] if isinstance(result, Term) else result


def same(one, other):
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-14, abs_tol=1e-300)


def test_every_symbol_is_known_here():
    assert set(SYMBOLS) <= set(PYTHON)


@pytest.mark.parametrize("form", [form for form in FORMS if form.kind in ("plain", "gated")], ids=lambda form: form.name)
def test_a_trace_computes_the_formula(form):
    trace = Trace()
    symbolic = with_symbols(form.definition, trace, form.fixed)
    written = form.definition(**form.words)
    inputs = [trace.input(name) for name in ("ab" if issubclass(form.definition, Gated) else "x")]
    for name in ("forward", "derivative"):
        traced = getattr(symbolic, name)(trace, *inputs)
        traced = traced if isinstance(traced, tuple) else (traced,)
        for x in SPECIAL:
            numbers = dict(zip((term.name for term in inputs), (x, 1.7), strict=False))
            given = {key: entry for key, entry in written.parameters.items() if isinstance(entry, float)}
            wanted = getattr(written, name)(floats, *numbers.values())
            wanted = wanted if isinstance(wanted, tuple) else (wanted,)
            found = [value(term, {**numbers, **given}) for term in traced]
            assert all(map(same, found, wanted)), (name, x, found, wanted)


def test_equal_terms_are_one():
    m = Trace()
    x = m.input("x")
    assert x is m.input("x")
    assert m.exp(x) + 1.0 is m.exp(x) + 1.0
    assert x is not m.parameter("x")
    assert x * 0.5 is not x * 0.25
    assert (x + 0.0) is not (x + -0.0)
    assert m.term("add", x, 0.0).operands[1] == 0.0


def test_products():
    m = Trace()
    x, g = m.input("x"), m.input("g")
    alpha = m.parameter("alpha")
    assert m.multiply(1.0, x) is x
    assert x * 1.0 is x
    step = m.where(x > 0, 1.0, 0.0)
    assert m.multiply(g, step) is m.where(x > 0, g, 0.0)
    assert m.multiply(step, g) is m.where(x > 0, g, 0.0)
    leaky = m.where(x > 0, 1.0, alpha)
    assert m.multiply(g, leaky) is m.where(x > 0, g, g * alpha) or m.multiply(g, leaky) is m.where(x > 0, g, alpha * g)
    assert m.multiply(m.where(x > 0, 2.0, alpha), g).operation == "multiply"
    assert (alpha * m.expm1(x)).operation == "times_expm1"
    assert (g * m.expm1(x)).operation == "multiply"


@pytest.mark.parametrize("g", [math.nan, math.inf, -math.inf])
def test_a_slope_of_0_stops_what_is_no_number(g):
    m = Trace()
    x = m.input("x")
    product = m.multiply(m.input("g"), m.where(x > 0, 1.0, 0.0))
    assert value(product, {"x": -1.0, "g": g}) == 0.0


def test_quotients():
    m = Trace()
    x, alpha = m.input("x"), m.parameter("alpha")
    assert m.divide(x, 1.0) is x
    assert x / alpha is x * m.term("divide", 1.0, alpha)
    assert (x / (1.0 + m.abs(x))).operation == "divide"
    assert not (1.0 / alpha).varies


def test_signs():
    m = Trace()
    x = m.input("x")
    assert m.negative(m.negative(x)) is x
    assert m.negative(2.0) == -2.0
    assert m.abs(-x) is m.abs(x)
    assert m.exp(-m.abs(x)).operation == "exp_of_minus_size"
    assert m.exp(-m.abs(-x)) is m.exp(-m.abs(x))
    assert m.exp(-x).operation == "exp"


def test_sigmoids_of_both_signs_share_their_exponential():
    m = Trace()
    x = m.input("x")
    both = [m.sigmoid(x), m.sigmoid(-x)]
    exponentials = [term for term in in_order(*both) if term.operation.startswith("exp")]
    assert [term.operation for term in exponentials] == ["exp_of_minus_size"]
    for number in (0.0, 2.0, -2.0, 40.0, -40.0):
        assert same(value(both[0], {"x": number}), floats.sigmoid(number))
        assert same(value(both[1], {"x": number}), floats.sigmoid(-number))


def test_an_if_in_a_formula_is_refused():
    m = Trace()
    with pytest.raises(TypeError, match=r"a formula asked `if` about a value: write m\.where"):
        bool(m.input("x") > 0)


def test_an_operation_that_does_not_exist():
    with pytest.raises(AttributeError):
        _ = Trace().cosh


def test_terms_come_after_what_they_need():
    m = Trace()
    x = m.input("x")
    terms = list(in_order(m.exp(x) * m.tanh(x + 1.0), x))
    assert len({id(term) for term in terms}) == len(terms)
    for place, term in enumerate(terms):
        assert all(operand in terms[:place] for operand in term.operands if isinstance(operand, Term))


def test_what_varies():
    m = Trace()
    alpha = m.parameter("alpha")
    assert m.input("x").varies
    assert not (alpha * 2.0 + 1.0).varies
    assert (alpha * m.input("x")).varies


def test_forms_have_names_of_their_own():
    names = [form.name for form in FORMS]
    assert len(set(names)) == len(names)
    assert {"gelu_none", "gelu_tanh", "elu", "elu_default"} <= set(names)
    assert signature(definitions()["elu"](alpha=1.0)).name == "elu_default"
    assert signature(definitions()["elu"](alpha=0.5)).name == "elu"


def test_a_formula_of_choices_alone_runs_on_narrow_vectors():
    printed = sources()
    assert "reluctant_relu_forward_float(" in printed["narrow.cpp"]
    assert "reluctant_mish_forward_float(" in printed["wide.cpp"]
    assert "reluctant_relu_" not in printed["wide.cpp"]
    assert printed == sources()
