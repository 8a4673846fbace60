"""RReLU's slopes are uniform, reproducible, and drawn again in backward."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from reluctant.activations import all_activations, get
from reluctant.kernels._drawn import _values
from reluctant.kernels._library import library
from reluctant.nn import RReLU, functional

from .forced import KERNELS, numbers, of_kernels, serving

pytestmark = of_kernels

DRAWN = [one for one in all_activations() if one.drawn]
LOWER, UPPER = 1 / 8, 1 / 3
WORD = 0xFFFFFFFF


@pytest.fixture(autouse=True)
def forced():
    with serving(KERNELS):
        yield


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as its authors state it, on Python's own integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(second >> 32) ^ c[1] ^ k[0], second & WORD, (first >> 32) ^ c[3] ^ k[1], first & WORD]
        k = [(k[0] + 0x9E3779B9) & WORD, (k[1] + 0xBB67AE85) & WORD]
    return c


def drawn_numbers(seed: int, count: int) -> torch.Tensor:
    """What the library draws from [0, 1)."""
    draw = library().function("numbers", ["tensor", "seed", "count"])
    out = torch.empty(count)
    draw(out.data_ptr(), seed, count)
    return out


def slopes(x: torch.Tensor) -> torch.Tensor:
    """The slopes that a call draws."""
    return functional.rrelu(x, training=True) / x


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([WORD] * 4, [WORD] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_known_answers_of_the_published_algorithm(counter, key, words):
    assert philox(counter, key) == words


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**63 - 1, 0x0123456789ABCDEF])
@pytest.mark.parametrize("count", [1, 15, 64, 65, 1000])
def test_the_library_draws_by_philox(seed, count):
    # A block of 64 numbers are the four words of 16 counters: first the first word of each.
    wanted = []
    for block in range(-(-count // 64)):
        answers = [philox([block * 16 + lane, 0, 0, 0], [seed & WORD, seed >> 32]) for lane in range(16)]
        wanted += [answers[lane][word] for word in range(4) for lane in range(16)]
    assert drawn_numbers(seed, count).tolist() == [(word >> 8) * 2.0**-24 for word in wanted[:count]]


def test_slopes_are_uniform_and_independent():
    torch.manual_seed(1)
    count = 1_000_000
    u = (slopes(-torch.ones(count)).double() - LOWER) / (UPPER - LOWER)
    assert u.min() >= -1e-6
    assert u.max() <= 1 + 1e-6
    cells = torch.histc(u.float().clamp(0, 1 - 1e-7), bins=1000, min=0, max=1)
    chi_squared = float(((cells - count / 1000) ** 2 / (count / 1000)).sum())
    assert 850 < chi_squared < 1160  # 999 degrees of freedom: 3.3 and 3.6 standard deviations
    for lag in (1, 16, 64):
        assert abs(float(torch.corrcoef(torch.stack([u[:-lag], u[lag:]]))[0, 1])) < 4 / count**0.5


def test_calls_draw_anew_and_a_seed_repeats_them():
    x = -torch.ones(1000)
    torch.manual_seed(3)
    first, second = slopes(x), slopes(x)
    assert not torch.equal(first, second)
    torch.manual_seed(3)
    assert torch.equal(first, slopes(x))
    state = torch.get_rng_state()
    third = slopes(x)
    torch.set_rng_state(state)
    assert torch.equal(third, slopes(x))
    with torch.random.fork_rng(devices=[]):
        slopes(x)
    assert torch.equal(slopes(x), slopes_after(state, x, skip=1))


def slopes_after(state: torch.Tensor, x: torch.Tensor, skip: int) -> torch.Tensor:
    torch.set_rng_state(state)
    for _ in range(skip):
        slopes(x)
    return slopes(x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("ends", [(LOWER, UPPER), (-0.5, 0.5), (0.0, 0.0), (0.0, 1.0), (1.0, 2.0)], ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (1023,), (5, 6, 7), (2, 6, 5, 3)], ids=str)
def test_backward_has_the_slopes_of_forward(dtype, ends, shape):
    x = numbers(*shape, dtype=dtype)
    if len(shape) == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    torch.manual_seed(5)
    y = functional.rrelu(x, *ends, training=True)
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(y, dx * x, rtol=2 * eps, atol=1e-6)
    assert (dx[x > 0] == 1).all()
    below = dx[x <= 0].float()
    assert ((below >= ends[0] - eps) & (below <= ends[1] + eps)).all()
    assert y.stride() == x.stride()


def test_gradients_at_special_values_are_those_of_torch():
    x = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e-42, -1e-42]).requires_grad_()
    for ends in ((0.25, 0.25), (-0.25, -0.25)):
        y, theirs = functional.rrelu(x, *ends, training=True), F.rrelu(x, *ends, training=True)
        torch.testing.assert_close(y, theirs, rtol=0, atol=0, equal_nan=True)
        assert torch.equal(y[3:].signbit(), theirs[3:].signbit())
        one = torch.ones_like(y)
        torch.testing.assert_close(torch.autograd.grad(y, x, one), torch.autograd.grad(theirs, x, one), rtol=0, atol=0)


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_draws_the_same_again(reentrant):
    x = numbers(1000).requires_grad_()

    def gradient(run):
        torch.manual_seed(7)
        return torch.autograd.grad(run(x).sum(), x)[0] if not reentrant else by_backward(run)

    def by_backward(run):
        leaf = x.detach().clone().requires_grad_()
        run(leaf).sum().backward()
        return leaf.grad

    def layers(x):
        return functional.rrelu(functional.rrelu(x, training=True) * 2, training=True)

    assert torch.equal(gradient(layers), gradient(lambda x: checkpoint(layers, x, use_reentrant=reentrant)))


@pytest.mark.parametrize("ends", [(LOWER, UPPER), (-0.5, 0.5)], ids=str)
def test_second_derivatives_have_the_slopes_of_forward(ends):
    x = numbers(200).requires_grad_()
    y = functional.rrelu(x, *ends, training=True)
    (first,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    slope = (y / x).detach()
    torch.testing.assert_close(first, 2 * slope * slope * x)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, 2 * slope * slope)


def test_evaluation_has_the_mean_slope():
    module, x = RReLU().eval(), numbers(1000)
    assert torch.equal(module(x), F.rrelu(x))
    assert torch.equal(functional.rrelu(x), F.rrelu(x))
    assert not torch.equal(module.train()(x), F.rrelu(x))


@pytest.mark.parametrize("activation", DRAWN, ids=str)
def test_nothing_is_kept_but_the_output(activation):
    kept = []
    x = numbers(1000).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        y = functional.rrelu(x * 1, training=True)
    assert [tensor.data_ptr() for tensor in kept if tensor.numel() > 1] == [y.data_ptr()]
    assert _values(activation, y.detach(), 0).shape == y.shape


def test_the_seed_is_one_number_of_the_generator():
    torch.manual_seed(11)
    seed = int(torch.empty((), dtype=torch.int64).random_())
    torch.manual_seed(11)
    x = -torch.ones(500)
    torch.testing.assert_close(slopes(x), LOWER + (UPPER - LOWER) * drawn_numbers(seed, 500), rtol=1e-6, atol=0)
    assert get("rrelu").parameters == {"lower": LOWER, "upper": UPPER}
