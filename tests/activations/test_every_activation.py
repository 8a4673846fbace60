"""What must hold for every activation that discovery finds: a new one adds rows here, never a file."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd.graph import saved_tensors_hooks

import reluctant.activations as catalogue
from reluctant.activations import OPERATIONS, Activation, Gated, all_activations, floats, get


def _variants(activation: Activation) -> list[Activation]:
    """An activation with its default parameters, and with each set of parameters that its cases mention."""
    return list(dict.fromkeys([activation, *(dataclasses.replace(activation, **case.given) for case in activation.cases)]))


EVERY = [variant for activation in all_activations() for variant in _variants(activation)]
GATED = [activation for activation in EVERY if isinstance(activation, Gated)]
CURVES = [activation for activation in EVERY if not isinstance(activation, Gated)]
CASES = [(activation, case) for activation in all_activations() for case in activation.cases]

every = pytest.mark.parametrize("activation", EVERY, ids=str)
every_curve = pytest.mark.parametrize("activation", CURVES, ids=str)
every_pair = pytest.mark.parametrize("activation", GATED, ids=str)

ONE_SIXTH = 5e-8
"""torch's hardsigmoid rounds 1/6 to float32 even for float64: what is compared with torch's slope allows for that."""

GRID = np.unique(np.concatenate([np.linspace(-12, 12, 961), np.linspace(-120, 120, 121), [-1e3, -1e-3, -1e-6, 1e-6, 1e-3, 1e3]]))


def away_from_breakpoints(activation: Activation, distance: float = 1e-3) -> np.ndarray:
    keep = np.ones_like(GRID, dtype=bool)
    for breakpoint in activation.curve.breakpoints:
        keep &= np.abs(GRID - breakpoint) > distance
    return GRID[keep]


def in_torch(activation: Activation, **tensors: torch.Tensor) -> torch.Tensor:
    """The value of the activation's torch expression."""
    learned = {name: torch.tensor([getattr(activation, field)], dtype=torch.float64) for name, field in activation.learned.items()}
    return eval(activation.torch_expression, {"torch": torch, "F": F}, {**activation.parameters, **learned, **tensors})


def torch_slope(activation: Activation, x: np.ndarray) -> np.ndarray:
    t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    in_torch(activation, x=t).sum().backward()
    return t.grad.numpy()


# --- the values


@pytest.mark.parametrize(("activation", "case"), CASES, ids=lambda value: getattr(value, "why", str(value)))
def test_known_values(activation: Activation, case: catalogue.Case) -> None:
    given = dataclasses.replace(activation, **case.given)
    inputs = case.x if isinstance(case.x, tuple) else (case.x,)
    assert given(*inputs) == pytest.approx(case.y, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("spelling", "values"),
    [("relu", [0, 2, 0, 4]), ("leaky_relu(0.01)", [-0.01, 2, -0.03, 4]), ("elu(1.0)", [-0.6321, 2, -0.9502, 4])],
)
def test_textbook_vector(spelling: str, values: list[float]) -> None:
    assert get(spelling)([-1, 2, -3, 4]) == pytest.approx(values, abs=5e-5)
    assert get(spelling)(np.array([-1, 2, -3, 4])) == pytest.approx(values, abs=5e-5)


@every_curve
def test_same_as_torch(activation: Activation) -> None:
    np.testing.assert_allclose(activation(GRID), in_torch(activation, x=torch.tensor(GRID)).numpy(), rtol=1e-12, atol=2e-14)


@every_curve
def test_torch_module_has_the_same_parameters_and_values(activation: Activation) -> None:
    if not activation.torch_class:
        pytest.skip("torch has no module for it")
    module = getattr(torch.nn, activation.torch_class)(**activation.parameters).double().eval()
    np.testing.assert_allclose(activation(GRID), module(torch.tensor(GRID)).detach().numpy(), rtol=1e-12, atol=2e-14)
    for name, default in type(activation)().parameters.items():
        accepted = inspect.signature(getattr(torch.nn, activation.torch_class)).parameters[name].default
        assert accepted == default


@every_curve
def test_number_list_and_array_agree(activation: Activation) -> None:
    x = [-3.7, -1.0, 0.0, 0.3, 2.9, 25.0]
    assert [activation(v) for v in x] == activation(x)
    np.testing.assert_allclose(activation(np.array(x)), activation(x), rtol=1e-14)
    np.testing.assert_allclose(activation.slope(np.array(x)), activation.slope(x), rtol=1e-14)
    narrow = activation(np.array(x, dtype=np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, activation(x), rtol=1e-5)
    assert activation(np.zeros((2, 0, 3))).shape == activation.slope(np.zeros((2, 0, 3))).shape == (2, 0, 3)


@every_curve
def test_nan_stays_nan(activation: Activation) -> None:
    assert math.isnan(activation(math.nan))
    assert np.isnan(activation(np.array([math.nan])))[0]
    assert in_torch(activation, x=torch.tensor([math.nan], dtype=torch.float64)).isnan().all()


@every_curve
@pytest.mark.parametrize("side", [-1, 1])
def test_limit_at_infinity(activation: Activation, side: int) -> None:
    limit = activation(side * math.inf)
    far = activation(side * 1e12)
    if math.isinf(limit):
        assert far * math.copysign(1, limit) > 1e8
    else:
        assert far == pytest.approx(limit, abs=1e-9)
    assert activation(np.array([side * math.inf]))[0] == limit
    by_torch = in_torch(activation, x=torch.tensor([side * math.inf], dtype=torch.float64)).item()
    assert math.isnan(by_torch) or by_torch == pytest.approx(limit)  # torch has 0 · ∞ in some
    slope_limit = activation.slope(side * math.inf)
    assert slope_limit == pytest.approx(activation.slope(side * 1e30), rel=1e-9) or math.isinf(slope_limit)


@every
def test_formula_that_is_shown(activation: Activation) -> None:
    """The texts of f(x) and f'(x) are Python expressions, and they are right."""
    names = {
        "exp": math.exp, "log": math.log, "tanh": math.tanh, "sqrt": math.sqrt, "pi": math.pi, "sigmoid": floats.sigmoid,
        "Phi": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), "phi": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    }
    starts = {name: getattr(activation, field) for name, field in activation.learned.items()}
    forward, slope = (compile(text, text, "eval") for text in activation.formulas)
    for x in np.linspace(-8, 8, 81):
        inputs = {"a": x, "b": 1.7 - x} if isinstance(activation, Gated) else {"x": x}
        known = {**names, **activation.constants, **activation.parameters, **starts, **inputs}
        assert eval(forward, known) == pytest.approx(activation(*inputs.values()), rel=1e-9, abs=1e-12)
        assert eval(slope, known) == pytest.approx(activation.slope(*inputs.values()), rel=1e-9, abs=1e-12)


# --- the slope


@every_curve
def test_derivative_is_the_numeric_slope(activation: Activation) -> None:
    x = away_from_breakpoints(activation)
    x = x[np.abs(x) < 100]
    h = 1e-5
    numeric = (activation(x + h) - activation(x - h)) / (2 * h)
    np.testing.assert_allclose(activation.slope(x), numeric, rtol=1e-7, atol=1e-8)


@every_curve
def test_derivative_is_torchs_gradient(activation: Activation) -> None:
    """On the grid and at every kink: there the slope is the subgradient that torch uses."""
    x = np.concatenate([GRID, [kink.x for kink in activation.traits.kinks]])
    np.testing.assert_allclose(activation.slope(x), torch_slope(activation, x), rtol=ONE_SIXTH, atol=1e-13)


@every_curve
def test_kinks(activation: Activation) -> None:
    for kink in activation.traits.kinks:
        at = torch_slope(activation, np.array([kink.x - 1e-9, kink.x, kink.x + 1e-9]))
        assert at == pytest.approx([kink.slope_below, kink.subgradient, kink.slope_above], rel=1e-6, abs=1e-6)
        assert kink.slope_below != kink.slope_above
        assert min(kink.slope_below, kink.slope_above) - 1e-12 <= kink.subgradient <= max(kink.slope_below, kink.slope_above) + 1e-12


@every_curve
def test_no_kink_is_missed(activation: Activation) -> None:
    """Wherever torch's slope still differs over a stretch of 1e-9, found by halving the stretches of the grid."""
    left, right = GRID[:-1], GRID[1:]
    while (right - left).max() > 1e-9:
        middle = (left + right) / 2
        low, mid, high = (torch_slope(activation, x) for x in (left, middle, right))
        first = np.abs(mid - low) > np.abs(high - mid)
        left, right = np.where(first, left, middle), np.where(first, middle, right)
    jumps = np.abs(torch_slope(activation, right) - torch_slope(activation, left)) > 1e-4
    for a, b in zip(left[jumps], right[jumps], strict=True):
        assert any(a - 1e-12 <= kink.x <= b + 1e-12 for kink in activation.traits.kinks)


@every_curve
def test_slope_from_output(activation: Activation) -> None:
    if not activation.output_suffices:
        pytest.skip("its output does not determine its slope")
    x = away_from_breakpoints(activation)
    slope = [activation.derivative_from_output(floats, y) for y in activation(list(x))]
    np.testing.assert_allclose(slope, activation.slope(x), rtol=1e-6, atol=1e-8)
    for kink in activation.traits.kinks:
        assert activation.derivative_from_output(floats, activation(kink.x)) == pytest.approx(kink.subgradient)


@every_pair
def test_pair_is_torchs(activation: Gated) -> None:
    a, b = (t.ravel() for t in torch.meshgrid(torch.linspace(-6, 6, 25), torch.linspace(-3, 3, 7), indexing="ij"))
    a, b = a.double().requires_grad_(), b.double().requires_grad_()
    y = in_torch(activation, a=a, b=b)
    y.sum().backward()
    plain = a.detach().numpy(), b.detach().numpy()
    np.testing.assert_allclose(activation(*plain), y.detach().numpy(), rtol=1e-12, atol=1e-14)
    for ours, theirs in zip(activation.slope(*plain), (a.grad, b.grad), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-13)


@every_curve
def test_learned_parameters(activation: Activation) -> None:
    for name, field in activation.learned.items():
        start = getattr(activation, field)
        for x in (-2.0, -0.5, 0.0, 0.5, 2.0):
            by_hand = [activation.forward(floats, x, **{name: start + step}) for step in (-1e-6, 1e-6)]
            assert getattr(activation, f"{name}_derivative")(floats, x) == pytest.approx((by_hand[1] - by_hand[0]) / 2e-6, abs=1e-6)
            assert activation.forward(floats, x, **{name: start}) == activation(x)
            assert activation.derivative(floats, x, **{name: start}) == activation.slope(x)


@every_curve
def test_drawn_values_have_their_expectation(activation: Activation) -> None:
    for name, ends in activation.drawn.items():
        lower, upper = (getattr(activation, end) for end in ends)
        for x in (-2.0, 0.0, 2.0):
            at_ends = [activation.forward(floats, x, **{name: end}) for end in (lower, upper)]
            assert activation(x) == pytest.approx(sum(at_ends) / 2)
            torch.manual_seed(0)
            drawn = getattr(F, activation.torch_function)(torch.full((20_000,), x).double(), lower, upper, training=True)
            assert min(at_ends) - 1e-12 <= drawn.min() <= drawn.max() <= max(at_ends) + 1e-12
            assert drawn.mean().item() == pytest.approx(activation(x), abs=0.01)


# --- the arithmetic


class Symbol:
    """Stands for a number of which nothing is known: asking ``if`` about it fails."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        raise AssertionError(f"the formula asks `if` about {self.text}")


def _binary(sign: str) -> Any:
    return (
        lambda a, b: Symbol(f"({getattr(a, 'text', a)} {sign} {getattr(b, 'text', b)})"),
        lambda a, b: Symbol(f"({getattr(b, 'text', b)} {sign} {getattr(a, 'text', a)})"),
    )


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "and": "&", "or": "|"}.items():
    setattr(Symbol, f"__{_name}__", _binary(_sign)[0])
    setattr(Symbol, f"__r{_name}__", _binary(_sign)[1])
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    setattr(Symbol, f"__{_name}__", _binary(_sign)[0])
Symbol.__neg__ = lambda a: Symbol(f"(-{a.text})")  # type: ignore[attr-defined]


class Printer:
    """Arithmetic that writes a formula down, as a kernel's code would be written."""

    def __getattr__(self, name: str) -> Any:
        assert name in OPERATIONS
        return lambda *arguments: Symbol(f"{name}({', '.join(getattr(a, 'text', str(a)) for a in arguments)})")


@every
def test_formulas_can_be_printed(activation: Activation) -> None:
    """They use the operations of the arithmetic alone and no branch on a value, so that kernels can be made from them."""
    inputs = [Symbol(name) for name in (("a", "b") if isinstance(activation, Gated) else ("x",))]
    written = activation.forward(Printer(), *inputs)
    assert "x" in written.text or "a" in written.text
    slopes = activation.derivative(Printer(), *inputs)
    assert all(isinstance(slope, (Symbol, float)) for slope in (slopes if isinstance(slopes, tuple) else (slopes,)))
    if activation.output_suffices:
        assert "y" in activation.derivative_from_output(Printer(), Symbol("y")).text


class Tensors:
    """Arithmetic on tensors."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def softplus(self, x: torch.Tensor) -> torch.Tensor:
        return torch.logaddexp(x, torch.zeros_like(x))

    def normal_share(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.ndtr(x)

    def normal_density(self, x: torch.Tensor) -> torch.Tensor:
        return (-0.5 * x * x).exp() / math.sqrt(2 * math.pi)

    def minimum(self, a: torch.Tensor, b: float) -> torch.Tensor:
        return a.clamp(max=b)

    def maximum(self, a: torch.Tensor, b: float) -> torch.Tensor:
        return a.clamp(min=b)

    def where(self, condition: torch.Tensor, *branches: Any) -> torch.Tensor:
        return torch.where(condition, *(torch.as_tensor(branch, dtype=torch.float64) for branch in branches))


@every_curve
def test_formulas_run_on_tensors(activation: Activation) -> None:
    x = torch.tensor(GRID)
    np.testing.assert_allclose(activation.forward(Tensors(), x).numpy(), activation(GRID), rtol=1e-12, atol=2e-14)
    np.testing.assert_allclose(activation.derivative(Tensors(), x).numpy(), activation.slope(GRID), rtol=1e-12, atol=2e-14)


@pytest.mark.parametrize("arithmetic", [floats, catalogue._arithmetic.arrays()], ids=["floats", "arrays"])
def test_operation_that_does_not_exist(arithmetic: Any) -> None:
    with pytest.raises(catalogue._arithmetic.UnknownNameError, match=r"no operation of a formula is called 'sinh'.*Known: abs, sqrt"):
        arithmetic.sinh(1.0)


@given(st.floats(), st.floats())
def test_floats_and_arrays_are_one_arithmetic(a: float, b: float) -> None:
    arrays = catalogue._arithmetic.arrays()
    with np.errstate(all="ignore"):
        for name in OPERATIONS:
            if name != "where":
                inputs = (a, b) if name in ("minimum", "maximum") else (a,)
                ours, theirs = getattr(floats, name)(*inputs), getattr(arrays, name)(*(np.array([v]) for v in inputs))[0]
                assert math.isnan(ours) == math.isnan(theirs), name
                if name not in ("sin", "cos") or abs(a) < 1e6:
                    assert math.isnan(ours) or ours == pytest.approx(theirs, rel=1e-13, abs=1e-300), name


# --- what follows from the formula


@every_curve
def test_range_holds(activation: Activation) -> None:
    values, reach = activation(GRID), activation.traits.range
    assert reach.lower - 1e-12 <= values.min() <= values.max() <= reach.upper + 1e-12
    fine = np.linspace(-7, 7, 2801)
    for bound, attained in ((reach.lower, reach.lower_attained), (reach.upper, reach.upper_attained)):
        if attained:
            assert np.abs(activation(fine) - bound).min() < 1e-4
        elif math.isinf(bound):
            assert np.abs(activation(np.array([-1e12, 1e12]))).max() > 1e9
        else:
            assert np.abs(activation(fine) - bound).min() > 0
            assert np.abs(activation(np.array([-1e12, 1e12])) - bound).min() < 1e-9
    assert activation.traits.bounded == (math.isfinite(reach.lower) and math.isfinite(reach.upper))


@every_curve
def test_largest_slope_holds(activation: Activation) -> None:
    traits = activation.traits
    sizes = np.abs(torch_slope(activation, GRID))
    if math.isinf(traits.largest_slope):
        assert sizes.max() > 1e3
    else:
        assert sizes.max() <= traits.largest_slope * (1 + ONE_SIXTH)
        assert sizes.max() > 0.98 * traits.largest_slope


@every_curve
def test_flat_regions_hold(activation: Activation) -> None:
    traits = activation.traits
    for x in away_from_breakpoints(activation):
        if min((abs(x - end) for region in traits.flat_regions for end in (region.start, region.end)), default=1.0) > 1e-6:
            flat = activation.slope(x) == 0 or abs(activation.slope(x)) < 0.05 * traits.largest_slope < math.inf
            assert traits.is_flat(x) == flat, x


@every_curve
def test_dead_regions_hold(activation: Activation) -> None:
    traits = activation.traits
    inside = np.array([any(x in region for region in traits.dead_regions) for x in GRID])
    slope = torch_slope(activation, GRID)
    kinks = [kink.x for kink in traits.kinks]
    assert (slope[inside & ~np.isin(GRID, kinks)] == 0).all()
    near = np.abs(GRID) < 6.5  # farther out torch's slope may underflow without being 0
    turning = near & ~inside & (slope == 0) & ~np.isin(GRID, kinks)
    assert all(activation(x + 1e-3) != activation(x) != activation(x - 1e-3) for x in GRID[turning])
    assert traits.dead_side == {(0, 0): "none", (1, 0): "below", (0, 1): "above", (1, 1): "both"}[
        any(-1e9 in region for region in traits.dead_regions), any(1e9 in region for region in traits.dead_regions)
    ]


@every_curve
def test_monotone_and_straight_hold(activation: Activation) -> None:
    steps = np.diff(activation(GRID))
    assert activation.traits.monotone == bool((steps >= -1e-12).all() or (steps <= 1e-12).all())
    bends = np.diff(steps / np.diff(GRID))
    assert activation.traits.straight_line == bool(np.abs(bends).max() < 1e-6)


@every
def test_gain_and_mean_square_slope_by_sampling(activation: Activation) -> None:
    draw = np.random.default_rng(0)
    z = [draw.standard_normal(400_000) for _ in range(2 if isinstance(activation, Gated) else 1)]
    traits = activation.traits
    assert np.sqrt(np.mean((activation.gain * activation(*z)) ** 2)) == pytest.approx(1.0, abs=0.02)
    assert np.mean(activation(*z)) == pytest.approx(traits.mean_output, abs=0.02)
    assert traits.zero_centred == (abs(traits.mean_output) < 1e-9)
    for sigma, mean in ((1.0, 0.0), (0.3, 0.0), (4.0, -1.0)):
        slopes = activation.slope(*(mean + sigma * v for v in z))
        sampled = sum(np.mean(slope**2) for slope in (slopes if isinstance(slopes, tuple) else (slopes,)))
        assert activation.mean_square_slope(sigma, mean) == pytest.approx(sampled, rel=0.03)
    assert activation.mean_square_slope(0.0, 0.7) == pytest.approx(activation.mean_square_slope(1e-6, 0.7), rel=1e-5)


@every_curve
def test_expectations_against_a_fine_sum(activation: Activation) -> None:
    """A slow and obvious integral: a million midpoints."""
    t = (np.arange(-800_000, 800_000) + 0.5) / 1e5
    weight = np.exp(-t * t / 2) / math.sqrt(2 * math.pi) / 1e5
    for sigma, mean in ((1.0, 0.0), (0.05, 0.1), (50.0, 0.0)):
        slow = float(np.sum(activation.slope(mean + sigma * t) ** 2 * weight))
        assert activation.mean_square_slope(sigma, mean) == pytest.approx(slow, rel=2e-5)
    assert activation.traits.mean_square_output == pytest.approx(float(np.sum(activation(t) ** 2 * weight)), rel=1e-6)


@every
def test_gain_beside_torchs(activation: Activation) -> None:
    name = activation.torch_function
    if name not in ("relu", "leaky_relu", "tanh", "sigmoid", "selu"):
        assert activation.customary_gain is None
        return
    parameter = [getattr(activation, "negative_slope")] if name == "leaky_relu" else []  # noqa: B009 (only this one has it)
    by_torch = torch.nn.init.calculate_gain(name, *parameter)
    if activation.customary_gain is None:
        assert activation.gain == pytest.approx(by_torch, rel=1e-9)
    else:
        assert activation.customary_gain.value == by_torch
        assert activation.gain != pytest.approx(by_torch, rel=1e-3)


def _measured_bytes(activation: Activation) -> float:
    """Bytes per output element that autograd keeps between two linear layers, beyond inputs, parameters and the output."""
    rows, width = 32, 64
    names = "ab" if isinstance(activation, Gated) else "x"
    before, after = {name: torch.nn.Linear(width, width) for name in names}, torch.nn.Linear(width, width)
    learned = {name: torch.nn.Parameter(torch.tensor([0.25])) for name in activation.learned}
    x = torch.randn(rows, width)
    kept: dict[int, int] = {}

    def keep(t: torch.Tensor) -> torch.Tensor:
        kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with saved_tensors_hooks(keep, lambda t: t):
        inputs = {name: layer(x) for name, layer in before.items()}
        scope = {**activation.parameters, **learned, **inputs}
        expression = activation.torch_expression if not activation.drawn else activation.torch_expression[:-1] + ", training=True)"
        y = eval(expression, {"torch": torch, "F": F}, scope)
        after(y).sum()
    others = [x, y, *(parameter for layer in (*before.values(), after) for parameter in layer.parameters()), *learned.values()]
    apart = {t.untyped_storage().data_ptr() for t in others}
    return sum(size for pointer, size in kept.items() if pointer not in apart) / y.numel()


@every
def test_kept_bytes_are_measured(activation: Activation) -> None:
    assert activation.traits.kept_bytes() == _measured_bytes(activation)


# --- the definition


@every
def test_spelling_gives_it_back(activation: Activation) -> None:
    assert get(activation.spelling) == get(repr(activation)) == activation
    assert pickle.loads(pickle.dumps(activation)) == copy.deepcopy(activation) == activation
    assert hash(get(activation.spelling)) == hash(activation)
    for alias, fixed in activation.aliases.items():
        assert get(alias) == type(activation)(**fixed)


@every
def test_definition_is_complete(activation: Activation) -> None:
    definition = type(activation)
    assert definition.__module__.rpartition(".")[2] == activation.name
    assert activation.summary().endswith(".")
    assert "\n" not in activation.summary()
    assert activation.latex().startswith("f(")
    assert len(activation.cases) >= 2
    assert getattr(catalogue, definition.__name__) is definition
    assert not activation.torch_class or hasattr(torch.nn, activation.torch_class)
    for entry in dataclasses.fields(activation):
        assert entry.metadata["meaning"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        activation.anything = 1.0
