"""The random numbers of RReLU's kernels, bit for bit, of each type."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reluctant.activations import get
from reluctant.kernels._choice import kernel_for
from reluctant.kernels._library import library

pytestmark = pytest.mark.compiled

RRELU = get("rrelu")
BELOW_ZERO = get("rrelu(-0.3, 0.2)")
TYPES = [torch.float32, torch.bfloat16, torch.float16]
types = pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))


def numbers(seed: int, count: int) -> Tensor:
    """What the compiled library draws."""
    drawn = torch.full((count,), torch.nan)
    run = library().function("numbers", ["tensor", "seed", "count"])
    assert run is not None
    run(drawn.data_ptr(), seed, count)
    return drawn


def slopes(activation, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The slopes that one call draws."""
    return -kernel_for(activation, dtype)(torch.full((count,), -1.0, dtype=dtype))


def test_the_first_counter_of_key_0_is_in_the_library():
    words = [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert numbers(0, 64)[[0, 16, 32, 48]].tolist() == [(word >> 8) * 2.0**-24 for word in words]


def test_a_seed_is_of_torch_and_a_call_draws_one():
    torch.manual_seed(20)
    seed = int(torch.empty((), dtype=torch.int64).random_())
    after = torch.get_rng_state()
    torch.manual_seed(20)
    found = slopes(RRELU, 100)
    assert torch.equal(torch.get_rng_state(), after)
    wanted = numbers(seed, 100).double() * (1 / 3 - 1 / 8) + 1 / 8
    torch.testing.assert_close(found.double(), wanted, rtol=0, atol=2.0**-24)


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_longer_stream_begins_as_a_shorter_one(seed):
    whole = numbers(seed, 1000)
    assert (whole >= 0).all()
    assert (whole < 1).all()
    for count in (0, 1, 15, 16, 17, 63, 64, 65):
        assert torch.equal(numbers(seed, count), whole[:count])


@types
def test_reproducible(dtype):
    torch.manual_seed(3)
    first, state, second = slopes(RRELU, 1001, dtype), torch.get_rng_state(), slopes(RRELU, 1001, dtype)
    assert not torch.equal(first, second)
    torch.set_rng_state(state)
    assert torch.equal(slopes(RRELU, 1001, dtype), second)
    torch.manual_seed(3)
    assert torch.equal(slopes(RRELU, 1001, dtype), first)


@types
@pytest.mark.parametrize("activation", [RRELU, BELOW_ZERO], ids=str)
def test_backward_draws_the_same_slopes(activation, dtype):
    x = torch.full((70_001,), -1.0, dtype=dtype).requires_grad_()
    y = kernel_for(activation, dtype)(x)
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    assert torch.equal(dx, -y)
    assert y.unique().numel() > 100


@types
@pytest.mark.parametrize("activation", [RRELU, BELOW_ZERO], ids=str)
def test_what_is_positive_passes(activation, dtype):
    x = torch.randn(10_007, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    y = kernel_for(activation, dtype)(x)
    (dx,) = torch.autograd.grad(y, x, torch.full_like(y, 2.0))
    assert torch.equal(y[x > 0], x[x > 0])
    assert (dx[x > 0] == 2).all()
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(dx[x < 0] * x[x < 0] / 2, y[x < 0], rtol=3 * eps, atol=eps)


def test_an_order_in_memory_and_a_gradient_that_is_spread_out():
    x = torch.randn(2, 3, 5, 7).abs().neg().contiguous(memory_format=torch.channels_last).requires_grad_()
    y = kernel_for(RRELU, torch.float32)(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    (dx,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(dx, y / x)


def test_a_batch_of_gradients_has_the_same_slopes():
    x = -torch.rand(5).add(0.5).requires_grad_()
    y = kernel_for(RRELU, torch.float32)(x)
    (jacobian,) = torch.autograd.grad(y, x, torch.eye(5), is_grads_batched=True)
    torch.testing.assert_close(jacobian, torch.diag((y / x).detach()))
