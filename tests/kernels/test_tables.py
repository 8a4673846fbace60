"""Activations of 16-bit floats are correctly rounded for each of the 65,536 inputs there are, and their slopes are as good."""

from __future__ import annotations

import pytest
import torch

from reluctant.activations import Gated, all_activations, get
from reluctant.kernels._choice import kernel_for
from reluctant.kernels._tables import HALVES, correctly_rounded, every, places, same, table

from .rounding import UNSURE, wrongly_rounded

VARIANTS = ["gelu_tanh", "elu(alpha=0.7)", "elu(alpha=-1)", "celu(alpha=2)", "leaky_relu(-0.2)", "leaky_relu(0)", "softplus(beta=2)"]
VARIANTS += ["softplus(beta=-1)", "hardtanh(-2, 3)", "clamp(min=0)", "clamp(min=-1, max=6)"]
PLAIN = [one for one in [*all_activations(), *map(get, VARIANTS)] if not (isinstance(one, Gated) or one.learned or one.drawn)]
WITHOUT_ERROR = ("clamp", "hardtanh", "leaky_relu", "relu", "relu6", "squared_relu")
"""Double precision holds their values exactly (of a leaky slope, but for the last of 53 bits): a tie is a tie."""

plain = pytest.mark.parametrize("activation", PLAIN, ids=str)
halves = pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: str(dtype).removeprefix("torch."))
of_kernels = pytest.mark.compiled


def by_numpy(function, x: torch.Tensor) -> torch.Tensor:
    """A formula of the catalogue in numpy's double precision; NaN where x is."""
    wide = x.double()
    y = torch.from_numpy(function(wide.numpy()))
    return torch.where(wide.isnan(), wide, y)


@plain
@halves
@of_kernels
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_values_are_correctly_rounded(activation, dtype):
    x = every(dtype)
    y = kernel_for(activation, dtype)(x)
    wrong = wrongly_rounded(y, by_numpy(activation, x), strict=activation.name in WITHOUT_ERROR)
    wrong &= ~x.isinf()  # there the catalogue has the limit, and torch what its formula gives
    assert not wrong.any(), list(zip(x[wrong].tolist(), y[wrong].tolist(), strict=True))[:5]


@plain
@halves
@of_kernels
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_slopes_are_as_good_as_their_type(activation, dtype):
    x = every(dtype).requires_grad_()
    y = kernel_for(activation, dtype)(x)
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    exact = by_numpy(activation.slope, x.detach())
    eps, tiny = torch.finfo(dtype).eps, torch.finfo(dtype).smallest_normal
    # What torch computes from the rounded output is known as well as that: to a unit of 1.
    absolute = 2 * eps * activation.traits.largest_slope if activation.torch_keeps == ("output",) else tiny * eps
    known = x.detach().isfinite() & y.detach().isfinite() & exact.isfinite()
    wrong = known & ((dx.double() - exact).abs() > 1.51 * eps * exact.abs() + absolute)
    assert not wrong.any(), list(zip(x[wrong].tolist(), dx[wrong].tolist(), exact[wrong].tolist(), strict=True))[:5]


@pytest.mark.parametrize(
    ("exact", "dtype", "wanted"),
    [
        (1 + 2**-8, torch.bfloat16, 1.0),
        (1 + 3 * 2**-8, torch.bfloat16, 1 + 2**-6),
        (1 + 2**-8 + 2**-40, torch.bfloat16, 1 + 2**-7),
        (1 + 2**-8 - 2**-40, torch.bfloat16, 1.0),
        (-(1 + 2**-8 + 2**-40), torch.bfloat16, -(1 + 2**-7)),
        (1 + 2**-11 + 2**-40, torch.float16, 1 + 2**-10),
        (2**-25 * (1 + 2**-30), torch.float16, 2**-24),
        (2**-25, torch.float16, 0.0),
        (65519.999999, torch.float16, 65504.0),
        (65520.0, torch.float16, float("inf")),
    ],
)
def test_rounded_once(exact, dtype, wanted):
    value = torch.tensor([exact], dtype=torch.float64)
    assert correctly_rounded(value, dtype).item() == wanted
    assert not wrongly_rounded(torch.tensor([wanted], dtype=dtype), value, strict=True).any()


@halves
def test_the_search_finds_each_wrong_neighbour(dtype):
    """What the tests above rest on: it accepts every value as itself and refuses the next one."""
    x = every(dtype)
    x = x[x.isfinite()]
    assert not wrongly_rounded(x, x.double(), strict=True).any()
    other = (x.view(torch.int16) + 1).view(dtype)
    assert wrongly_rounded(other, x.double())[x.abs() > 0].all()
    assert wrongly_rounded(x, x.double() + 0.6 * (other.double() - x.double()))[other.isfinite() & (x.abs() > 0)].all()
    assert torch.finfo(dtype).eps**2 > UNSURE


@halves
def test_every_value_has_its_place(dtype):
    x = every(dtype)
    assert torch.equal(places(x).sort().values, torch.arange(2**16, dtype=torch.int32))
    one = 0x3F80 if dtype is torch.bfloat16 else 0x3C00
    assert places(torch.tensor([0.0, -0.0, 1.0], dtype=dtype)).tolist() == [0, 0x8000, one]
    assert same(x, x.clone())
    assert not same(torch.zeros(1, dtype=dtype), -torch.zeros(1, dtype=dtype))
    assert not same(torch.full((1,), torch.nan, dtype=dtype), torch.zeros(1, dtype=dtype))


@halves
def test_what_tables_are_looked_up_by(dtype):
    assert table(get("tanh"), dtype).kept == "output"
    assert table(get("gelu"), dtype).kept == "input"
    assert table(get("leaky_relu"), dtype).kept == "output"
    assert table(get("leaky_relu(-0.2)"), dtype).kept == "input"
    assert table(get("squared_relu"), dtype).kept == "input"  # the square of a small value is 0
