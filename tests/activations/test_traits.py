"""Traits that are known from elsewhere."""

from __future__ import annotations

import math

import pytest

from reluctant.activations import get


@pytest.mark.parametrize(
    ("spelling", "lower", "upper", "brackets"),
    [
        ("relu", 0.0, math.inf, "[)"),
        ("elu(alpha=2)", -2.0, math.inf, "()"),
        ("celu(alpha=0.01)", -0.01, math.inf, "()"),
        ("sigmoid", 0.0, 1.0, "()"),
        ("tanh", -1.0, 1.0, "()"),
        ("hardsigmoid", 0.0, 1.0, "[]"),
        ("relu6", 0.0, 6.0, "[]"),
        ("softplus", 0.0, math.inf, "()"),
        ("gelu", -0.16997120747, math.inf, "[)"),
        ("silu", -0.27846454276, math.inf, "[)"),
        ("mish", -0.30884341302, math.inf, "[)"),
        ("hardswish", -0.375, math.inf, "[)"),
        ("leaky_relu(-0.5)", 0.0, math.inf, "[)"),
        ("hardtanh(-1000, 2000)", -1000.0, 2000.0, "[]"),
        ("clamp(0.01, 0.011)", 0.01, 0.011, "[]"),
        ("swiglu", -math.inf, math.inf, "()"),
    ],
)
def test_range(spelling: str, lower: float, upper: float, brackets: str) -> None:
    reach = get(spelling).traits.range
    assert (reach.lower, reach.upper) == (pytest.approx(lower, rel=1e-7), pytest.approx(upper, rel=1e-7))
    assert ("[" if reach.lower_attained else "(") + ("]" if reach.upper_attained else ")") == brackets


@pytest.mark.parametrize(
    ("spelling", "size", "at"),
    [
        ("relu", 1.0, 0.0),
        ("sigmoid", 0.25, 0.0),
        ("tanh", 1.0, 0.0),
        ("elu(alpha=3)", 3.0, 0.0),
        ("leaky_relu(-2)", 2.0, 0.0),
        ("hardswish", 1.5, 3.0),
        ("gelu", 1.1289041, math.sqrt(2)),
        ("silu", 1.0998394, 2.3993573),
        ("squared_relu", math.inf, math.inf),
        ("softplus(1, 1e6)", 1.0, None),
    ],
)
def test_largest_slope(spelling: str, size: float, at: float | None) -> None:
    traits = get(spelling).traits
    assert traits.largest_slope == pytest.approx(size, rel=1e-6)
    assert at is None or traits.largest_slope_at == pytest.approx(at, abs=1e-4)


@pytest.mark.parametrize(
    ("spelling", "side", "ends"),
    [
        ("relu", "below", [(-math.inf, 0.0)]),
        ("leaky_relu(0)", "below", [(-math.inf, 0.0)]),
        ("elu(alpha=0)", "below", [(-math.inf, 0.0)]),
        ("squared_relu", "below", [(-math.inf, 0.0)]),
        ("clamp(max=-2.5)", "above", [(-2.5, math.inf)]),
        ("hardtanh(-1/3, 2/3)", "both", [(-math.inf, -1 / 3), (2 / 3, math.inf)]),
        ("hardswish", "below", [(-math.inf, -3.0)]),
        ("reglu", "below", [(-math.inf, 0.0)]),
        ("sigmoid", "none", []),
        ("gelu", "none", []),
        ("gelu(tanh)", "none", []),
        ("elu", "none", []),
        ("celu(alpha=0.001)", "none", []),
        ("softplus(beta=50)", "none", []),
    ],
)
def test_dead_side(spelling: str, side: str, ends: list[tuple[float, float]]) -> None:
    traits = get(spelling).traits
    assert traits.dead_side == side
    assert [(region.start, region.end) for region in traits.dead_regions] == ends


@pytest.mark.parametrize(
    ("spelling", "kinks"),
    [
        ("relu", [(0.0, 0.0, 1.0, 0.0)]),
        ("clamp(min=0)", [(0.0, 0.0, 1.0, 1.0)]),
        ("leaky_relu(0.2)", [(0.0, 0.2, 1.0, 0.2)]),
        ("leaky_relu(1)", []),
        ("elu", []),
        ("elu(alpha=0.5)", [(0.0, 0.5, 1.0, 0.5)]),
        ("celu(alpha=0.5)", []),
        ("hardtanh(-1/3, 0.1)", [(-1 / 3, 0.0, 1.0, 0.0), (0.1, 1.0, 0.0, 0.0)]),
        ("hardswish", [(-3.0, 0.0, -0.5, 0.0), (3.0, 1.5, 1.0, 1.0)]),
        ("softplus", []),
        ("softplus(2, 1)", [(0.5, 1 / (1 + math.exp(-1)), 1.0, 1 / (1 + math.exp(-1)))]),
        ("squared_relu", []),
        ("softsign", []),
    ],
)
def test_kinks(spelling: str, kinks: list[tuple[float, ...]]) -> None:
    found = [(kink.x, kink.slope_below, kink.slope_above, kink.subgradient) for kink in get(spelling).traits.kinks]
    assert found == [pytest.approx(kink, rel=1e-9, abs=1e-12) for kink in kinks]


@pytest.mark.parametrize(
    ("spelling", "ends"),
    [
        ("relu", [(-math.inf, 0.0)]),
        ("leaky_relu", [(-math.inf, 0.0)]),
        ("leaky_relu(0.05)", []),
        ("sigmoid", [(-math.inf, -4.3565444), (4.3565444, math.inf)]),
        ("tanh", [(-math.inf, -2.1782718), (2.1782718, math.inf)]),
        ("elu", [(-math.inf, math.log(0.05))]),
        ("elu(alpha=-1)", [(-math.inf, math.log(0.05))]),
        ("squared_relu", [(-math.inf, 0.0)]),
        ("leaky_relu(1)", []),
        ("clamp(1, 1)", [(-math.inf, math.inf)]),
    ],
)
def test_flat_regions(spelling: str, ends: list[tuple[float, float]]) -> None:
    assert [(region.start, region.end) for region in get(spelling).traits.flat_regions] == [pytest.approx(end, rel=1e-6) for end in ends]


@pytest.mark.parametrize("spelling", ["leaky_relu(1)", "prelu(init=1)", "rrelu(1, 1)", "clamp", "clamp(1, 1)"])
def test_straight_lines(spelling: str) -> None:
    assert get(spelling).traits.straight_line


@pytest.mark.parametrize("spelling", ["leaky_relu(0.999)", "relu", "softsign", "hardtanh(-1e5, 1e5)", "swiglu", "softplus(1, 0)"])
def test_not_straight(spelling: str) -> None:
    assert not get(spelling).traits.straight_line


def test_selu_keeps_mean_and_variance() -> None:
    """Its two constants are the solution of E[f(z)] = 0 and E[f(z)²] = 1."""
    traits = get("selu").traits
    assert traits.mean_output == pytest.approx(0.0, abs=1e-12)
    assert traits.mean_square_output == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("spelling", "gain"),
    [
        ("relu", math.sqrt(2)),
        ("leaky_relu(0.2)", math.sqrt(2 / 1.04)),
        ("squared_relu", math.sqrt(2 / 3)),
        ("reglu", math.sqrt(2)),
        ("clamp", 1.0),
    ],
)
def test_gain_in_closed_form(spelling: str, gain: float) -> None:
    assert get(spelling).gain == pytest.approx(gain, rel=1e-12)
    assert get("clamp(0, 0)").gain == math.inf


def test_factor_on_the_gradient_of_a_layer() -> None:
    """A plain ReLU stack at the default Linear initialisation (σ_w² = 1/3) loses 0.41 a layer, a sigmoid stack 0.14."""
    assert math.sqrt(get("relu").mean_square_slope() / 3) == pytest.approx(0.41, abs=0.005)
    assert math.sqrt(get("sigmoid").mean_square_slope(0.3) / 3) == pytest.approx(0.14, abs=0.005)
    assert get("relu").mean_square_slope(mean=3.0) == pytest.approx(0.5 * math.erfc(-3 / math.sqrt(2)), rel=1e-12)
    assert get("tanh").mean_square_slope(sigma=1e4) == pytest.approx(4 / 3 / math.sqrt(2 * math.pi) / 1e4, rel=1e-6)
