"""Names, spellings and parameters: what the catalogue answers, and how it refuses."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reluctant.activations as catalogue
from reluctant.activations import Activation, Case, all_activations, find, get, parameter
from reluctant.activations._catalogue import _by_any_name, definitions
from reluctant.errors import DefinitionError, ReluctantError, UnknownNameError, UsageError

FIRST_CLASS = {"relu", "leaky_relu", "prelu", "elu", "sigmoid", "tanh"}
OTHERS = {
    "rrelu", "relu6", "squared_relu", "selu", "celu", "softplus", "softsign", "hardtanh", "hardsigmoid", "hardswish", "gelu", "silu",
    "mish", "reglu", "geglu", "swiglu", "clamp",
}  # fmt: skip


def test_the_catalogue_is_complete() -> None:
    names = [activation.name for activation in all_activations()]
    assert names == sorted(names)
    assert set(names) >= FIRST_CLASS | OTHERS


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        ("elu(0.5)", "elu(alpha=0.5)"),
        (" ELU ( alpha = .5 ) ", "elu(alpha=0.5)"),
        ("nn.ELU(alpha=0.5)", "elu(alpha=0.5)"),
        ("torch.nn.functional.leaky_relu(2e-1)", "leaky_relu(negative_slope=0.2)"),
        ("LeakyReLU", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("leaky_relu(negative_slope=-0.1)", "leaky_relu(-0.1)"),
        ("rrelu(lower=1/8, upper=1/3)", "rrelu"),
        ("elu(1.0)", "elu"),
        ("elu(1)", "elu"),
        ("elu()", "elu"),
        ("gelu(tanh)", "gelu(approximate='tanh')"),
        ("gelu_tanh", "gelu(tanh)"),
        ("swish", "silu"),
        ("relu2", "squared_relu"),
        ("clamp(min=0, max=inf)", "clamp(min=0)"),
        ("prelu(64, 0.1)", "prelu(num_parameters=64, init=0.1)"),
    ],
)
def test_spellings_of_one_activation(spelling: str, same: str) -> None:
    assert get(spelling) == get(same)


def test_parameters_may_be_given_apart() -> None:
    assert get("elu", alpha=0.5) == get("elu(alpha=0.5)")
    assert get("clamp(min=0)", max=6) == get("clamp(0, 6)")


def test_defaults_are_left_out_of_the_spelling() -> None:
    assert str(get("elu(1.0)")) == "elu"
    assert str(get("softplus(beta=2)")) == "softplus(beta=2.0)"
    assert str(get("gelu(tanh)")) == "gelu(approximate=tanh)"
    assert str(get("clamp(max=6)")) == "clamp(max=6.0)"


@pytest.mark.parametrize(
    ("spelling", "error", "message"),
    [
        ("elo", UnknownNameError, "no activation is called 'elo'. Did you mean elu? Known: "),
        ("softmax", UnknownNameError, "no activation is called 'softmax'. "),
        ("elu(alfa=1)", UnknownNameError, "elu(alfa=1): no parameter of elu is called 'alfa'. Did you mean alpha? Known: alpha."),
        ("relu(inplace=1)", UnknownNameError, "relu(inplace=1): no parameter of relu is called 'inplace'. There are none."),
        ("elu(1, 2)", UsageError, "elu(1, 2): 2 arguments were given by place. elu takes alpha."),
        ("relu(1)", UsageError, "relu(1): 1 arguments were given by place. relu takes none."),
        ("elu(1, alpha=2)", UsageError, "elu(1, alpha=2): alpha is given twice. Give it once."),
        ("elu(alpha=big)", UsageError, "elu: alpha is 'big', which is not a number. Give alpha as a number, or leave it out."),
        ("elu(alpha=nan)", UsageError, "elu: alpha is nan, which is not a number."),
        ("leaky_relu(True)", UsageError, "In PyTorch True counts as 1.0 here: arguments given by place are easily mistaken for inplace."),
        ("prelu(num_parameters=1.5)", UsageError, "prelu: num_parameters is 1.5, which is not a whole number."),
        ("prelu(0)", UsageError, "num_parameters is 0; there is at least 1 learned slope"),
        ("gelu(erf)", UsageError, "approximate is 'erf'; it can be none or tanh"),
        ("hardtanh(2, 1)", UsageError, "min_val (2.0) is not below max_val (1.0)"),
        ("rrelu(0.5, 0.1)", UsageError, "lower (0.5) is above upper (0.1)"),
        ("celu(0)", UsageError, "alpha is 0"),
        ("softplus(0)", UsageError, "beta is 0"),
        ("elu(1/0)", UsageError, "'elu(1/0)' does not spell an activation. Write a name, with arguments where needed: elu or elu("),
        ("elu(", UsageError, "does not spell an activation"),
        ("", UsageError, "does not spell an activation"),
        ("elu(**x)", UsageError, "does not spell an activation"),
        ("elu(lambda: 1)", UsageError, "does not spell an activation"),
        ("1 + 1", UsageError, "does not spell an activation"),
        ("(" * 5000, UsageError, "does not spell an activation"),
    ],
)
def test_refusals(spelling: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        get(spelling)
    assert message in str(raised.value)


@given(st.text(alphabet="elurinf()=,.-+*/'\"[]{}0123456789 \n\\\0é", max_size=40))
@settings(max_examples=300)
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(ReluctantError):
        assert isinstance(get(text), Activation)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_any_parameters_are_spelled_and_read_back(a: float, b: float) -> None:
    for activation in (get("leaky_relu", negative_slope=a), get("clamp", min=a, max=b), get("elu", alpha=b)):
        assert get(str(activation)) == activation


@pytest.mark.parametrize(
    ("operation", "parameters", "spelling"),
    [
        ("relu", {}, "relu"),
        ("leaky_relu", {"negative_slope": 0.2}, "leaky_relu(0.2)"),
        ("clamp", {"min": 0.0}, "clamp(min=0)"),
        ("gelu_tanh", {}, "gelu(tanh)"),
        ("prelu", {"slopes": 64.0}, "prelu"),
        ("prelu", {"weight": 0.1}, "prelu(init=0.1)"),
        ("softmax", {"dim": 1.0, "classes": 10.0}, None),
        ("custom:MyReLU", {}, None),
        ("hardtanh", {"min_val": 1.0, "max_val": 1.0}, None),
    ],
)
def test_finding_what_a_site_names(operation: str, parameters: dict[str, float], spelling: str | None) -> None:
    assert find(operation, parameters) == (None if spelling is None else get(spelling))
    if not parameters:
        assert find(operation) == find(operation, {})


@pytest.mark.parametrize("wrong", ["1", None, object(), {"x": 1}, [1, "2"], 1j])
def test_input_that_is_no_number(wrong: Any) -> None:
    with pytest.raises(UsageError, match="relu takes a number, a list of numbers or a numpy array, not "):
        get("relu")(wrong)


def test_pairs_take_two_lists_of_one_length() -> None:
    pair = get("reglu")
    assert pair([1, -1], [5, 5]) == [5, 0]  # type: ignore[call-arg]
    assert pair.slope([1, -1], [5, 5]) == [(5, 1), (0, 0)]  # type: ignore[call-arg]
    for second in ([1], 1):
        with pytest.raises(UsageError, match="reglu was given lists that do not match"):
            pair([1, 2], second)  # type: ignore[call-arg]


def test_classes_are_public_names() -> None:
    from reluctant.activations import ELU, ReLU

    assert ELU(alpha=0.5) == get("elu(0.5)")
    assert ReLU() == get("relu")
    with pytest.raises(AttributeError, match="has no attribute 'Elo'"):
        catalogue.Elo  # noqa: B018 (asking is the test)


def test_import_is_cheap() -> None:
    """Neither listing nor deriving traits imports torch, numpy or scipy."""
    program = (
        "import sys, reluctant.activations as a; [x.traits for x in a.all_activations()]; a.page(a.get('elu'));"
        "print([name for name in ('torch', 'numpy', 'scipy', 'rich') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "[]\n"


# --- one more, from outside

SQUAREPLUS = '''
from __future__ import annotations
from dataclasses import dataclass
from reluctant.activations import Activation, Arithmetic, Case, Value, parameter

@dataclass(frozen=True)
class Squareplus(Activation):
    r"""A smooth ReLU without exponentials.

    .. math:: f(x) = (x + \\sqrt{x^2 + b}) / 2
    """
    name = "squareplus"
    formula = "(x + sqrt(x * x + b)) / 2"
    slope_formula = "(1 + x / sqrt(x * x + b)) / 2"
    torch_code = "(x + (x * x + b).sqrt()) / 2"
    torch_keeps = ("input", "root")
    references = ("Barron 2021, arXiv:2112.11687",)
    cases = (Case(0.0, 1.0, "half of the root of 4"),)

    b: float = parameter(4.0, "how wide the bend at 0 is")

    def forward(self, m: Arithmetic, x: Value) -> Value:
        return (x + m.sqrt(x * x + self.b)) / 2.0

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return (1.0 + x / m.sqrt(x * x + self.b)) / 2.0
'''


def test_an_installed_package_adds_an_activation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "squareplus_for_reluctant.py").write_text(SQUAREPLUS)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("squareplus", "squareplus_for_reluctant", "reluctant.activations")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry] if group == entry.group else [])
    definitions.cache_clear()
    _by_any_name.cache_clear()
    try:
        added = get("squareplus(b=1)")
        assert added == get("squareplus", b=1.0)
        assert added(0.0) == 0.5
        assert added.traits.monotone
        assert added.traits.dead_side == "none"
        assert "squareplus" in [activation.name for activation in all_activations()]
        assert "sqrt(x * x + b)" in catalogue.page(added)
    finally:
        monkeypatch.undo()
        definitions.cache_clear()
        _by_any_name.cache_clear()


def test_an_incomplete_definition_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"the activation Half lacks slope_formula, references, cases, torch_keeps, torch_function"):

        class Half(Activation):
            """Half the input.

            .. math:: f(x) = x / 2
            """

            name = "half"
            formula = "x / 2"


def test_a_definition_that_is_no_dataclass_is_refused() -> None:
    class Half(Activation):
        """Half the input.

        .. math:: f(x) = x / 2
        """

        name = "half"
        formula = slope_formula = "x / 2"
        references = ("me",)
        cases = (Case(1.0, 0.5, "half"),)
        torch_code = "x / 2"
        torch_keeps = ("output",)
        share: float = parameter(0.5, "share")

    with pytest.raises(DefinitionError, match=r"Half is no dataclass, so its parameters would be ignored. Write @dataclass"):
        catalogue._catalogue._name_of(Half)
    assert catalogue._catalogue._name_of(dataclass(frozen=True)(Half)) == "half"
    assert math.isinf(get("clamp").max)  # type: ignore[attr-defined]
