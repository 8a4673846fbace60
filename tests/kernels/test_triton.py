"""The Triton kernels compute what the catalogue says, in Triton's interpreter, and compile for a card."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from reluctant.activations import Gated, all_activations, get
from reluctant.kernels import _choice, _triton
from reluctant.kernels._triton_source import source
from reluctant.operators import tensors

pytest.importorskip("triton", reason="triton is not installed: pip install 'reluctant[gpu]' brings it")

NUMBERS = ["elu(alpha=0.7)", "celu(alpha=2)", "leaky_relu(-0.2)", "softplus(beta=2)", "hardtanh(-2, 3)", "elu(-1)"]
ALL = [*all_activations(), get("gelu_tanh"), *map(get, NUMBERS)]
PLAIN = [activation for activation in ALL if not (isinstance(activation, Gated) or activation.learned or activation.drawn)]
PAIRS = [activation for activation in ALL if isinstance(activation, Gated)]
SPECIAL = [0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-30, -1e-30, 1e-42, 88.9, -88.9, 120.0, -120.0, 1e30, -1e30]

plain = pytest.mark.parametrize("activation", PLAIN, ids=str)
pairs = pytest.mark.parametrize("activation", PAIRS, ids=str)
types = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)


@pytest.fixture(autouse=True, scope="module")
def interpreted():
    """Triton decides by this variable when a kernel is made, so ours are made anew."""
    before = os.environ.get("TRITON_INTERPRET")
    os.environ["TRITON_INTERPRET"] = "1"
    _forget()
    yield
    _forget()
    if before is None:
        del os.environ["TRITON_INTERPRET"]
    else:
        os.environ["TRITON_INTERPRET"] = before


def _forget() -> None:
    _triton.printed.cache_clear()
    sys.modules.pop("reluctant.kernels._triton_mathematics", None)


def inputs() -> torch.Tensor:
    """More than two blocks of values of every size, and no whole number of blocks."""
    random = torch.randn(2500, generator=torch.Generator().manual_seed(0))
    return torch.cat([random * 4, random * 1e-3, torch.tensor(SPECIAL)])


def exact(activation, x):
    """Value and slope in float64; where there is no number, what torch makes of it."""
    wide = x.double()
    y, slope = activation.forward(tensors(torch.float64), wide), activation.derivative(tensors(torch.float64), wide)
    return y, slope + torch.zeros_like(wide)


@plain
@types
def test_values_and_slopes(activation, dtype):
    x = inputs().to(dtype).requires_grad_()
    y = _triton.triton_kernel(activation, dtype)(x)
    (slope,) = torch.autograd.grad(y, x, torch.ones_like(y))
    number = x.isfinite() & (x.abs() < 1e15 if activation.parameters.get("approximate") == "tanh" else True)  # x³ is a float as well
    wanted, wanted_slope = (value[number].to(dtype) for value in exact(activation, x.detach()))
    eps, single = torch.finfo(dtype).eps, dtype is torch.float32
    torch.testing.assert_close(y[number], wanted, rtol=1e-5 if single else eps, atol=1e-37 if single else 1e-6)
    # From the output a slope is known as well as the output is: to a last bit of 1, where it is small.
    torch.testing.assert_close(slope[number], wanted_slope, rtol=2e-5 if single else 4 * eps, atol=3 * eps)
    assert y[x.isnan()].isnan().all()


@plain
def test_not_a_number_and_infinity_as_in_the_compiled_kernels(activation):
    compiled = _choice.kernel_for(activation, torch.float32)
    if compiled is None:
        pytest.skip("no compiled kernel to compare with")
    x = torch.tensor(SPECIAL)
    ours, theirs = _triton.triton_kernel(activation, torch.float32)(x), compiled(x)
    assert torch.equal(ours.isnan(), theirs.isnan())
    assert torch.equal(ours.isinf(), theirs.isinf())
    assert torch.equal(ours.signbit()[~ours.isnan()], theirs.signbit()[~ours.isnan()])


@pairs
@types
def test_pairs_of_two_tensors_and_of_halves(activation, dtype):
    kernel = _triton.triton_kernel(activation, dtype)
    whole = torch.randn(61, 38, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    a, b = (half.detach().contiguous().requires_grad_() for half in whole.chunk(2, -1))
    g = torch.randn(61, 19, generator=torch.Generator().manual_seed(2)).to(dtype)
    y, of_two = kernel.of_halves(whole), kernel.of_two(a, b)
    assert torch.equal(y, of_two)
    assert y.is_contiguous()
    wide = whole.detach().double().requires_grad_()
    wanted = activation.forward(tensors(torch.float64), *wide.chunk(2, -1))
    (dwhole,) = torch.autograd.grad(y, whole, g)
    da, db = torch.autograd.grad(of_two, [a, b], g)
    assert torch.equal(dwhole, torch.cat([da, db], -1))
    (dwide,) = torch.autograd.grad(wanted, wide, g.double())
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(y.double(), wanted, rtol=8 * eps, atol=8 * eps)
    torch.testing.assert_close(dwhole.double(), dwide, rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("spelling", ["elu", "swiglu", "softplus(beta=2)"])
@pytest.mark.parametrize("shape", [(0,), (), (1,), (1023,), (3, 5, 7)], ids=str)
def test_shapes(spelling, shape):
    activation = get(spelling)
    kernel = _triton.triton_kernel(activation, torch.float32)
    x = torch.randn(shape, requires_grad=True)
    y = kernel.of_two(x, x) if isinstance(activation, Gated) else kernel(x)
    assert y.shape == shape
    assert torch.autograd.grad(y.sum(), x)[0].shape == shape


def test_an_order_in_memory_is_kept():
    x = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).requires_grad_()
    y = _triton.triton_kernel(get("elu"), torch.float32)(x)
    g = torch.randn(2, 3, 4, 5)
    assert y.stride() == x.stride()
    expected = torch.nn.functional.elu(x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(torch.autograd.grad(y, x, g)[0], torch.autograd.grad(expected, x, g)[0])


@pytest.mark.parametrize("spelling", ["elu", "gelu", "swiglu"])
def test_second_derivatives(spelling):
    activation = get(spelling)
    kernel = _triton.triton_kernel(activation, torch.float32)
    x = torch.randn(4, 6, requires_grad=True)

    def second(x, compute):
        (first,) = torch.autograd.grad(compute(x).square().sum(), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), x)[0]

    mine = second(x, kernel.of_halves if isinstance(activation, Gated) else kernel)
    wide = x.detach().double().requires_grad_()
    parts = (lambda x: x.chunk(2, -1)) if isinstance(activation, Gated) else (lambda x: (x,))
    theirs = second(wide, lambda x: activation.forward(tensors(torch.float64), *parts(x)))
    torch.testing.assert_close(mine.double(), theirs, rtol=1e-3, atol=1e-4)


def test_what_serves_on_a_card():
    served = {name: _choice.choice(get(name), torch.float32, "cuda") for name in ("elu", "gelu", "relu", "swiglu", "squared_relu", "prelu")}
    assert {name for name, choice in served.items() if choice.kernel is not None} == {"elu", "swiglu", "squared_relu"}
    assert "not measured" in served["elu"].reason
    assert served["gelu"].reason == "torch's own operator reads, writes and keeps as little"
    assert served["prelu"].reason == "there are no Triton kernels of learned and drawn values"
    assert _choice.choice(get("elu"), torch.float32, "mps").reason == "there are no kernels for mps"


@pytest.mark.parametrize("spelling", ["elu", "leaky_relu", "tanh"])
def test_the_output_alone_is_kept_where_it_suffices(spelling):
    kept = []
    x = torch.randn(10, requires_grad=True) * 1
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        y = _triton.triton_kernel(get(spelling), torch.float32)(x)
    assert [tensor.data_ptr() for tensor in kept] == [y.data_ptr()]


COMPILES = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from reluctant.kernels._triton import BLOCK, printed

TYPES = {"BLOCK": "constexpr", "count": "i64", "columns": "i64", "a_stride": "i64", "b_stride": "i64"}
kernels = [one for one in printed().values() if getattr(one, "__module__", "") == "reluctant.kernels.triton"]
for kernel in kernels:
    for element in ("fp32", "bf16"):
        types = {name: TYPES.get(name, f"*{element}" if name.endswith("_") else "fp32") for name in kernel.arg_names}
        made = triton.compile(ASTSource(kernel, types, constexprs={"BLOCK": BLOCK}), target=GPUTarget("cuda", 90, 32))
        assert "ptx" in made.asm
print(len(kernels))
"""


@pytest.mark.slow
def test_every_kernel_compiles_for_a_card(tmp_path):
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    environment.pop("TRITON_INTERPRET", None)
    ended = subprocess.run([sys.executable, "-c", COMPILES], env=environment, capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert int(ended.stdout.split()[-1]) == source().count("@triton.jit")
