"""Every activation, by its compiled kernel and by torch's operator, computes its formula as well as torch does, on any tensor."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reluctant.activations import Activation, Gated
from reluctant.kernels._kernel import KernelFunction
from reluctant.kernels._library import ELEMENT_TYPES
from reluctant.operators import tensors

from .forced import (
    ALL,
    HALVES,
    KERNELS,
    SPECIAL,
    TORCH,
    every,
    fits,
    gradients,
    numbers,
    of_both,
    of_kernels,
    of_types,
    same_bits,
    serving,
    subject,
)

ULP = {torch.float32: 2**-23, torch.float64: 2**-52, torch.bfloat16: 2**-7, torch.float16: 2**-10}
"""A unit in the last place of 1."""

KINKS = [-6.0, -3.0, -2.0, -1.0, 0.0, 1.0, 3.0, 6.0, 20.0]

WITHOUT_SECOND = ("hardsigmoid", "rrelu")
"""Functions of which torch has no second derivative."""

SELECTING = ("relu", "relu6", "leaky_relu", "prelu", "clamp", "reglu", "rrelu")
"""Members that choose between inputs and multiples of them: torch's operators are exact, so there is one right answer for each bit."""


def exact(activation: Activation, inputs: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """The value in float64 and the slopes at each input, by the catalogue's formulas."""
    m, wide = tensors(torch.float64), [tensor.double() for tensor in inputs]
    if activation.learned:
        x, weight = wide
        weight = weight.reshape((1, -1, *(1,) * (x.dim() - 2)) if weight.numel() > 1 else (1,) * x.dim())
        return activation.forward(m, x, weight), [activation.derivative(m, x, weight), activation.weight_derivative(m, x)]
    slopes = activation.derivative(m, *wide)
    slopes = list(slopes) if isinstance(activation, Gated) else [slopes]
    return activation.forward(m, *wide), [slope + torch.zeros_like(wide[0]) for slope in slopes]


def assert_within(found: Tensor, wanted: Tensor, relative: float, absolute: float) -> None:
    """Equal to so many units in the last place of the wanted value, and of 1."""
    unit = ULP[found.dtype]
    torch.testing.assert_close(found.double(), wanted, rtol=relative * unit, atol=absolute * unit, equal_nan=True)


@every
@of_types
@of_both
def test_values_and_gradients_against_double_precision(activation, dtype, served_by):
    unless_torch_lacks_it(activation, dtype, served_by)
    case = subject(activation)
    inputs = case.inputs(numbers(61, 6, 7, dtype=dtype))
    g = torch.ones_like(inputs[0])
    with serving(served_by):
        y, dx, *others = gradients(case.ours, inputs, g)
    wanted, slopes = exact(activation, inputs)
    if served_by == KERNELS and dtype in ELEMENT_TYPES:
        # The smallest numbers have fewer digits; the argument of the tanh form's exponential has an error of its own, which it multiplies.
        smallest = 2**-14 if dtype is torch.float16 else 0.25 if "tanh" in activation.parameters.values() else 2**-100
        assert_within(y, wanted, 0.5 if dtype in HALVES else 3, smallest)
        assert_within(dx, slopes[0], 4, 2)
    else:  # torch's own operators are off by more where terms cancel, and hold some constants in single precision
        assert_within(y, wanted, 32, 32)
        torch.testing.assert_close(dx.double(), slopes[0], rtol=max(32 * ULP[dtype], 1e-7), atol=32 * ULP[dtype])
    if isinstance(activation, Gated):
        assert_within(others[0], slopes[1], *((4, 2) if served_by == KERNELS and dtype in ELEMENT_TYPES else (32, 32)))
    elif others:
        assert_within(others[0], slopes[1].sum_to_size(1, inputs[1].numel(), 1).flatten(), 4, 256 if dtype in HALVES else 32)


def unless_torch_lacks_it(activation: Activation, dtype: torch.dtype, served_by: str = TORCH) -> None:
    """Skip the test where only torch's operator could be used, and torch has none."""
    if activation.drawn and dtype is torch.float16 and served_by == TORCH:
        pytest.skip("torch draws no slopes for it on the processor")


@every
@of_types
@of_both
def test_numbers_that_end_something_as_in_torch(activation, dtype, served_by):
    if activation.parameters.get("num_parameters", 1) != 1:
        pytest.skip("the values are not in channels")
    unless_torch_lacks_it(activation, dtype, served_by)
    case = subject(activation)
    inputs = case.inputs(torch.tensor(SPECIAL + KINKS, dtype=torch.float64).to(dtype))
    x, one = inputs[0], torch.ones_like(inputs[0])
    with serving(served_by):
        y, dx, *_ = gradients(case.ours, inputs, one)
    # In double precision torch has no NaN of its own; in the others it has for some.
    wanted, slope, *_ = (tensor.to(dtype) for tensor in gradients(case.theirs, [tensor.double() for tensor in inputs], one.double()))
    if served_by == TORCH and dtype is not torch.float64:
        assert y[x.isnan()].isnan().all()
        return
    assert torch.equal(y.isnan(), wanted.isnan()), f"at {x[y.isnan() != wanted.isnan()]}"
    torch.testing.assert_close(y, wanted, rtol=16 * ULP[dtype], atol=2 * ULP[dtype], equal_nan=True)
    assert torch.equal(dx[x.isnan()].isnan(), slope[x.isnan()].isnan())
    number = ~(x.isnan() | slope.isnan())  # such as torch's slope of softsign at infinity
    torch.testing.assert_close(dx[number], slope[number], rtol=16 * ULP[dtype], atol=4 * ULP[dtype], equal_nan=True)
    # -0 stays -0 where torch keeps it; torch's ELU takes a sign more at 0 where α is negative.
    if activation.parameters.get("alpha", 1) > 0:
        assert torch.equal(y[x == 0].signbit(), wanted[x == 0].signbit())


@pytest.mark.parametrize("activation", [one for one in ALL if one.name in SELECTING], ids=str)
@of_types
@of_kernels
def test_bit_for_bit_where_torch_is_exact(activation, dtype):
    unless_torch_lacks_it(activation, dtype)
    if activation.drawn and dtype in HALVES:
        pytest.skip("torch rounds the drawn slope before it multiplies")
    case = subject(activation)
    x = torch.cat([numbers(6 * 50, dtype=dtype), torch.tensor([*SPECIAL, *KINKS, *[0.0] * 4], dtype=dtype)]).reshape(-1, 6)
    inputs = case.inputs(x)
    g = numbers(*x.shape, dtype=dtype)
    with serving(KERNELS):
        ours = gradients(case.ours, inputs, g)
    theirs = gradients(case.theirs, inputs, g)
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        assert same_bits(one, other), f"at {x[~((one == other) & (one.signbit() == other.signbit()))].unique()}"


SHAPES = {
    "no axis": lambda: numbers(),
    "no element": lambda: numbers(0),
    "no row": lambda: numbers(0, 6, 5),
    "no column": lambda: numbers(3, 6, 0),
    "one": lambda: numbers(1),
    "odd": lambda: numbers(1023),
    "batch and channels": lambda: numbers(67, 6),
    "more than a piece": lambda: numbers(3, 6, 11003)[:2],
    "transposed": lambda: numbers(6, 35).t(),
    "every second column": lambda: numbers(35, 12)[:, ::2],
    "every second row": lambda: numbers(35, 6)[::2],
    "expanded": lambda: numbers(1, 6, 1).expand(4, 6, 5),
    "starts inside": lambda: numbers(40, 6).flatten()[7:].unflatten(0, (-1,))[: 6 * 38].view(38, 6),
    "channels last": lambda: numbers(2, 6, 5, 3).contiguous(memory_format=torch.channels_last),
    "channels last in space": lambda: numbers(2, 6, 5, 3, 2).contiguous(memory_format=torch.channels_last_3d),
    "axes in another order": lambda: numbers(5, 6, 3).permute(2, 1, 0),
    "one channel of many": lambda: numbers(5, 12, 3)[:, 3:9],
}


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
@of_kernels
def test_any_shape_and_order_in_memory(activation, shape, dtype):
    case, x = subject(activation), SHAPES[shape]().to(dtype)
    if not fits(activation, x):
        pytest.skip("its channels ask for another shape")
    inputs = case.inputs(x)
    plain = [tensor.contiguous() for tensor in inputs]
    with serving(KERNELS):
        ours = gradients(case.ours, inputs)
        same = gradients(case.ours, plain)
    theirs = gradients(case.theirs, inputs)
    assert ours[0].shape == x.shape
    assert activation.drawn or ours[0].stride() == theirs[0].stride()  # where torch draws it makes the result contiguous
    for one, other, wanted in zip(ours, same, theirs, strict=True):
        assert one.dtype == wanted.dtype
        assert one.shape == wanted.shape
        learned = activation.learned and one is ours[-1]
        tolerance = {"rtol": 16 * ULP[dtype], "atol": (600 if learned else 32) * ULP[dtype]}
        torch.testing.assert_close(one, wanted, **tolerance)
        torch.testing.assert_close(one, other, **tolerance)


@every
@of_kernels
def test_gradients_in_any_order_in_memory(activation):
    case = subject(activation)
    inputs = case.inputs(numbers(14, 6))
    whole = numbers(14, 6)
    for g in (whole.t().contiguous().t(), numbers(28, 6)[::2], torch.tensor(1.0).expand(14, 6), whole.double().to(torch.float32)):
        with serving(KERNELS):
            ours, same = gradients(case.ours, inputs, g), gradients(case.ours, inputs, g.contiguous())
        assert all(map(torch.equal, ours, same))


@every
@of_both
def test_second_derivatives(activation, served_by):
    if activation.torch_function in WITHOUT_SECOND and served_by == TORCH:
        pytest.skip("torch has no second derivative of it")
    case = subject(activation)

    def second(function, inputs):
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        first = torch.autograd.grad(function(*leaves).square().sum(), leaves, create_graph=True)
        return torch.autograd.grad(sum(one.square().sum() for one in first), leaves)

    inputs = case.inputs(numbers(5, 6, scale=1.5))
    with serving(served_by):
        ours = second(case.ours, inputs)
    wide = [tensor.double() for tensor in inputs]
    wanted = second(lambda *tensors_: formula(activation, *tensors_), wide)
    for one, other in zip(ours, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=2e-4, atol=1e-4)


def formula(activation: Activation, *inputs: Tensor) -> Tensor:
    """The activation by the catalogue, to be differentiated by autograd."""
    if activation.learned:
        x, weight = inputs
        return activation.forward(tensors(x.dtype), x, weight.reshape(1, -1))
    return activation.forward(tensors(inputs[0].dtype), *inputs)


@every
def test_derivatives_in_double_precision(activation):
    if activation.torch_function in WITHOUT_SECOND:
        pytest.skip("torch has no second derivative of it")
    case = subject(activation)
    inputs = [tensor.requires_grad_() for tensor in case.inputs(numbers(2, 6, dtype=torch.float64))]
    assert torch.autograd.gradcheck(case.ours, inputs)
    assert torch.autograd.gradgradcheck(case.ours, inputs)


@every
@of_kernels
def test_kernels_say_what_they_compute(activation):
    case = subject(activation)
    with serving(KERNELS):
        for dtype in ELEMENT_TYPES:
            leaves = [tensor.requires_grad_() for tensor in case.inputs(numbers(5, 6, dtype=dtype))]
            node = case.ours(*leaves).grad_fn
            assert node.name() == f"{type(activation).__name__}Backward"
            assert type(node)._forward_cls.activation == activation
            assert issubclass(type(node)._forward_cls, KernelFunction)
