"""The page of an activation, as Markdown and as data."""

from __future__ import annotations

import pytest

from reluctant.activations import Activation, all_activations, get, page, page_of
from reluctant.activations._page import plot

every = pytest.mark.parametrize("activation", all_activations(), ids=str)


@every
def test_page_says_everything(activation: Activation) -> None:
    text = page(activation)
    assert text.startswith(f"# {activation.name}\n\n{activation.summary()}\n")
    for part in (*activation.formulas, activation.latex(), *activation.references, *(case.why for case in activation.cases)):
        assert part.replace("|", r"\|") in text or part in text
    for name in activation.parameters:
        assert f"| {name} | " in text
    derived = dict(page_of(activation).derived)
    assert {"range", "zero-centred", "gain", "E[f'(z)²]", "kept for backward"} <= set(derived)
    assert not any(line != line.rstrip() for line in text.split("\n"))


@every
def test_plot_fits_a_terminal(activation: Activation) -> None:
    lines = plot(activation).split("\n")
    assert all(len(line) <= 72 for line in lines)
    assert len(lines) <= 20
    assert any("●" in line for line in lines[:-1])
    assert sum("┼" in line for line in lines) == 1


def test_plot_of_relu() -> None:
    lines = plot(get("relu")).split("\n")
    assert lines[0] == "      4 ┤                              │                             ●"
    assert lines[12] == "        │                              │○○○○○○●●○○○○○○○○○○○○○○○○○○○○○○"
    assert lines[16] == "      0 ┼●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●●······························"
    assert lines[-3:] == [
        "        └──────────────────────────────┴──────────────────────────────┘",
        "        -4                             0                             4",
        "         ● f(x)   ○ f'(x)",
    ]


def test_page_shows_the_parameters_it_was_asked_for() -> None:
    shown = page_of(get("elu(alpha=0.5)"))
    assert shown.title == "elu(alpha=0.5)"
    assert shown.parameters == (("alpha", "0.5", "minus the value to which it saturates; its slope just below 0"),)
    assert shown.torch == ("nn.ELU(alpha=0.5)", "F.elu(x, alpha=0.5)")
    assert dict(shown.derived)["kink at 0"] == "slope 0.5 below, 1 above; torch uses 0.5 there"
    assert dict(shown.derived)["range"] == "(-0.5, ∞)"


@pytest.mark.parametrize(
    ("spelling", "name", "words"),
    [
        ("relu", "dead side", "below: slope exactly 0 for x < 0"),
        ("hardtanh", "dead side", "both: slope exactly 0 for x < -1 and x > 1"),
        ("sigmoid", "dead side", "none: no half-line has slope 0"),
        ("squared_relu", "flat", "x < 0 (slope 0)"),
        ("squared_relu", "largest slope", "none: it grows without bound as x → ∞"),
        ("leaky_relu(0.3)", "flat", "nowhere"),
        ("leaky_relu(1)", "straight line", "yes: with these parameters it adds nothing to the layers around it"),
        ("tanh", "kept for backward", "nothing beyond its output, which the next linear layer keeps anyway"),
        ("gelu", "kept for backward", "4 bytes an element in float32: input"),
        ("swiglu", "gate's monotone", "no"),
        ("softplus", "largest slope", "1 at x = 20"),
    ],
)
def test_derived_in_words(spelling: str, name: str, words: str) -> None:
    assert dict(page_of(get(spelling)).derived)[name] == words


def test_missing_bounds_in_torch_code() -> None:
    assert page_of(get("clamp(min=0)")).torch == ("torch.clamp(x, min=0.0, max=None)",)
