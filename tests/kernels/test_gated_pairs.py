"""Kernels of gated pairs: correctly rounded in 16 bits, the same from one tensor as from two, at any width, and with exact gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reluctant.activations import Gated, all_activations, get
from reluctant.errors import UsageError
from reluctant.kernels import _choice
from reluctant.kernels._pairs import in_rows
from reluctant.operators import tensors, torch_operator

from .forced import KERNELS, gradients, serving
from .rounding import wrongly_rounded

pytestmark = pytest.mark.compiled

PAIRS = [activation for activation in all_activations() if isinstance(activation, Gated)]
TYPES = [torch.float32, torch.bfloat16, torch.float16]

pairs = pytest.mark.parametrize("activation", PAIRS, ids=str)
types = pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
halves = pytest.mark.parametrize("dtype", TYPES[1:], ids=lambda dtype: str(dtype).removeprefix("torch."))


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def formula(activation: Gated, *inputs: Tensor) -> Tensor:
    return activation.forward(tensors(inputs[0].dtype), *inputs)


@pairs
@halves
def test_a_million_pairs_are_correctly_rounded(activation, dtype):
    usual = [torch.randn(500_000, generator=generator(seed)).mul(3).to(dtype) for seed in (1, 2)]
    bits = [torch.randint(-(2**15), 2**15, (500_000,), generator=generator(seed)).to(torch.int16).view(dtype) for seed in (3, 4)]
    a, b = (torch.cat(parts) for parts in zip(usual, bits, strict=True))
    finite = a.isfinite() & b.isfinite()
    a, b = a[finite], b[finite]
    wrong = wrongly_rounded(_choice.kernel_for(activation, dtype).of_two(a, b), formula(activation, a.double(), b.double()))
    assert not wrong.any(), list(zip(a[wrong].tolist(), b[wrong].tolist(), strict=True))[:5]


@pairs
@types
@pytest.mark.parametrize("rows", [0, 1, 5])
@pytest.mark.parametrize("width", [0, 1, 3, 7, 8, 9, 15, 16, 17, 33])
def test_halves_are_two_tensors(activation, dtype, rows, width):
    kernel = _choice.kernel_for(activation, dtype)
    whole = torch.randn(rows, 2 * width, generator=generator(5)).to(dtype).requires_grad_()
    a, b = (half.detach().contiguous().requires_grad_() for half in whole.split(width, -1)) if width else (whole, whole)
    g = torch.randn(rows, width, generator=generator(6)).to(dtype)
    y, of_two = kernel.of_halves(whole), kernel.of_two(a, b)
    assert torch.equal(y, of_two)
    if width:
        (dwhole,) = torch.autograd.grad(y, whole, g)
        assert torch.equal(dwhole, torch.cat(torch.autograd.grad(of_two, [a, b], g), -1))


@pairs
@types
def test_many_rows_and_one_long_row(activation, dtype):
    kernel = _choice.kernel_for(activation, dtype)
    x = torch.randn(1, 2 * 70_000, generator=generator(7)).to(dtype).requires_grad_()
    rows = x.detach().reshape(2, 700, 100).transpose(0, 1).reshape(700, 200).requires_grad_()
    y, by_rows = kernel.of_halves(x), kernel.of_halves(rows)
    assert torch.equal(y.flatten(), by_rows.flatten())
    one, many = torch.autograd.grad(y.sum(), x)[0], torch.autograd.grad(by_rows.sum(), rows)[0]
    assert torch.equal(one.reshape(2, 700, 100).transpose(0, 1).reshape(700, 200), many)


@pairs
@types
def test_gradients_against_double_precision(activation, dtype):
    a, b = (torch.randn(4099, generator=generator(seed)).mul(3).to(dtype).requires_grad_() for seed in (8, 9))
    g = torch.randn(4099, generator=generator(10)).to(dtype)
    found = torch.autograd.grad(_choice.kernel_for(activation, dtype).of_two(a, b), [a, b], g)
    wide = [tensor.detach().double() for tensor in (a, b)]
    eps = torch.finfo(dtype).eps
    for one, slope in zip(found, activation.derivative(tensors(torch.float64), *wide), strict=True):
        # Where the slope goes through 0 its terms cancel.
        torch.testing.assert_close(one.double(), g.double() * slope, rtol=4 * eps, atol=16 * eps)


@pairs
@pytest.mark.parametrize("needs", [(True, False), (False, True)], ids=["gate", "value"])
def test_one_of_the_two_gradients(activation, needs):
    a, b = (torch.randn(9, generator=generator(11)).requires_grad_(need) for need in needs)
    kernel = _choice.kernel_for(activation, torch.float32).of_two
    wanted = [tensor for tensor, need in zip((a, b), needs, strict=True) if need]
    mine, theirs = (torch.autograd.grad(function(a, b).sum(), wanted) for function in (kernel, torch_operator(activation)))
    torch.testing.assert_close(mine, theirs)
    assert not kernel(a.detach(), b.detach()).requires_grad


@pairs
@pytest.mark.parametrize("form", ["two", "halves"])
def test_second_derivatives_and_gradients_in_any_order(activation, form):
    kernel = _choice.kernel_for(activation, torch.float32)
    whole = torch.randn(6, 14, generator=generator(12)).requires_grad_()

    def ours(x: Tensor) -> Tensor:
        return kernel.of_halves(x) if form == "halves" else kernel.of_two(*(half.contiguous() for half in x.chunk(2, -1)))

    def theirs(x: Tensor) -> Tensor:
        return torch_operator(activation)(*x.chunk(2, -1))

    for g in (torch.ones(()).expand(6, 7), torch.randn(7, 6, generator=generator(13)).t()):
        results = []
        for function in (ours, theirs):
            (first,) = torch.autograd.grad(function(whole), whole, g)
            (again,) = torch.autograd.grad(function(whole), whole, g, create_graph=True)
            results.append((first, again, *torch.autograd.grad(again.square().sum(), whole)))
        torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


@pairs
def test_numbers_that_end_something_as_in_torch(activation):
    special = torch.tensor([0.0, -0.0, 1.0, -1.0, torch.inf, -torch.inf, torch.nan, 80.0, -80.0, 1e-42, 1e30, -1e30])
    a, b = (grid.flatten() for grid in torch.meshgrid(special, special, indexing="ij"))
    mine, theirs = _choice.kernel_for(activation, torch.float32).of_two(a, b), torch_operator(activation)(a, b)
    # Torch has NaN for some products with an infinite limit (GELU at ∞); where it has a number or an infinity, so have the kernels.
    known = ~theirs.isnan()
    torch.testing.assert_close(mine[known], theirs[known], rtol=1e-5, atol=1e-37)
    number = known & (theirs != 0)
    assert torch.equal(mine[number].signbit(), theirs[number].signbit())
    assert not mine[~known].isfinite().any()
    assert mine[a.isnan() | b.isnan()].isnan().all()


@pairs
@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_halves_of_any_dimension(activation, dim):
    x = torch.randn(4, 6, 8, generator=generator(14))
    torch.testing.assert_close(_choice.halves(activation)(x, dim), torch_operator(activation)(*x.chunk(2, dim)))


@pytest.mark.parametrize("width", [1, 3])
def test_what_cannot_be_halved_is_refused(width):
    with pytest.raises(UsageError, match=f"swiglu: dimension -1 of its input has {width} entries, which cannot be halved"):
        _choice.halves(get("swiglu"))(torch.randn(2, width), -1)
    with pytest.raises(IndexError):
        _choice.halves(get("swiglu"))(torch.randn(2, 4), 2)


@pairs
def test_tensors_of_different_shapes_are_spread_by_torch(activation):
    a, b = torch.randn(3, 1, 5, generator=generator(15)), torch.randn(4, 5, generator=generator(16))
    torch.testing.assert_close(_choice.function(activation)(a, b), torch_operator(activation)(a, b))
    torch.testing.assert_close(_choice.function(activation)(a, a.double()), torch_operator(activation)(a, a.double()))


LAYOUTS = {
    "halves": lambda x: x.chunk(2, -1),
    "halves of a cube": lambda x: x.reshape(4, 3, -1).chunk(2, -1),
    "thirds, of which two": lambda x: x.reshape(4, 42).chunk(3, -1)[::2],
    "one row repeated": lambda x: (x[:1, :7].expand(12, 7), x[:, 7:]),
    "one row in the middle": lambda x: x.reshape(12, 1, 14).chunk(2, -1),
    "columns": lambda x: x.t().chunk(2, 0),
    "every second row": lambda x: (x[::2, :7], x[1::2, 7:]),
    "middle dimensions exchanged": lambda x: x.reshape(2, 3, 2, 14).transpose(1, 2).chunk(2, -1),
}
BY_TORCH = ("columns", "middle dimensions exchanged")
"""Layouts whose rows are not equally far apart."""


@pairs
@types
@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_tensors_that_lie_in_rows(activation, dtype, layout):
    """Views are read where they lie; what does not lie in rows is torch's. Values and gradients are those of copies."""
    function = _choice.function(activation)
    with serving(KERNELS):
        found = gradients(lambda x: function(*LAYOUTS[layout](x)), [torch.randn(12, 14, generator=generator(8)).to(dtype)])
        copies = gradients(
            lambda x: function(*(part.contiguous() for part in LAYOUTS[layout](x))), [torch.randn(12, 14, generator=generator(8)).to(dtype)]
        )
    tolerance = {"rtol": 2**-6, "atol": 2**-6} if layout in BY_TORCH else {"rtol": 0, "atol": 0}
    for one, other in zip(found, copies, strict=True):
        torch.testing.assert_close(one, other, **tolerance)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_which_tensors_lie_in_rows(layout):
    assert (in_rows(*LAYOUTS[layout](torch.randn(12, 14))) is None) == (layout in BY_TORCH)


@pairs
def test_fx_can_trace_it(activation):
    from reluctant.nn import functional

    function = getattr(functional, activation.name)
    x = torch.randn(3, 8, generator=generator(8))
    traced = torch.fx.symbolic_trace(lambda a, b: function(a, b))
    halved = torch.fx.symbolic_trace(_choice.halves(activation), concrete_args={"dim": -1})
    wanted = formula(activation, *x.chunk(2, -1))
    torch.testing.assert_close(traced(*x.chunk(2, -1)), wanted)
    torch.testing.assert_close(halved(x, -1), wanted)
