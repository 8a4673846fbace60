"""What the activations keep for backward, between two linear layers."""

from __future__ import annotations

import pytest
import torch

from reluctant.activations import Gated, all_activations, get
from reluctant.kernels._choice import function

from .forced import ALL, KERNELS, every, numbers, of_kernels, serving, subject

pytestmark = of_kernels

ROWS, WIDTH = 64, 6

FROM_OUTPUT = ["elu", "selu", "celu", "leaky_relu", "softplus", "squared_relu", "tanh", "sigmoid", "relu", "relu6", "hardtanh", "rrelu",
               "elu(alpha=0)", "leaky_relu(0)", "softsign", "hardsigmoid"]
FROM_INPUT = ["gelu", "gelu_tanh", "silu", "mish", "prelu", "clamp", "elu(alpha=-1)", "leaky_relu(-0.2)", "softplus(beta=-1)",
              "softplus(threshold=5)", "rrelu(-0.3, 0.3)", "hardswish"]


def kept_bytes(run, inputs) -> int:
    """Bytes that autograd keeps for an activation, beyond what the next linear layer keeps anyway: its input."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x, *others = inputs
    before = [x.clone().requires_grad_() * 1, *[other.clone().requires_grad_() * 1 for other in others]]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = run(*before)
    kept.pop(y.untyped_storage().data_ptr(), None)
    return sum(kept.values())


@pytest.mark.parametrize("spelling", FROM_OUTPUT)
def test_nothing_more_where_the_output_tells_the_slope(spelling):
    with serving(KERNELS):
        assert kept_bytes(function(get(spelling)), [numbers(ROWS, WIDTH)]) == 0


@pytest.mark.parametrize("spelling", FROM_INPUT)
def test_the_input_where_it_does_not(spelling):
    activation = get(spelling)
    weight = [torch.tensor([0.25])] if activation.learned else []
    with serving(KERNELS):
        kept = kept_bytes(function(activation), [numbers(ROWS, WIDTH), *weight])
    assert kept == 4 * ROWS * WIDTH + 4 * len(weight)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_never_more_than_torch(activation, dtype):
    case = subject(activation)
    inputs = case.inputs(numbers(ROWS, WIDTH, dtype=dtype))
    with serving(KERNELS):
        ours = kept_bytes(case.ours, inputs)
    if activation.drawn and dtype is torch.float16:
        assert ours <= inputs[0].nbytes  # torch has no operator for it
    else:
        assert ours <= kept_bytes(case.theirs, inputs)


@pytest.mark.parametrize("activation", [one for one in all_activations() if isinstance(one, Gated)], ids=str)
def test_pairs_keep_their_two_inputs(activation):
    x = numbers(ROWS, WIDTH)
    with serving(KERNELS):
        assert kept_bytes(function(activation), [x, x]) == 8 * ROWS * WIDTH


@every
def test_the_catalogue_says_what_torch_keeps(activation):
    case = subject(activation)
    inputs = case.inputs(numbers(ROWS, WIDTH))
    kept = [name for name in activation.torch_keeps if name != "output"]
    assert kept_bytes(case.theirs, inputs) == len(kept) * inputs[0].nbytes + sum(one.nbytes for one in inputs[1:] if activation.learned)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("lost", [0.0, 1e-25, 1e-4, 255.0, 3e4, 1e25])
def test_squared_relu_keeps_the_input_where_the_square_loses_it(dtype, lost):
    x = torch.full((7,), 0.5, dtype=dtype)
    x[5] = lost
    if not x.isfinite().all():
        pytest.skip("the type does not hold it")
    leaf = x.clone().requires_grad_()
    with serving(KERNELS):
        y = function(get("squared_relu"))(leaf)
        (dx,) = torch.autograd.grad(y, leaf, torch.ones_like(y))
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(dx.double(), 2 * x.double(), rtol=2 * eps, atol=0)


def test_everything_is_named_here():
    named = {get(spelling).name for spelling in FROM_OUTPUT + FROM_INPUT}
    assert {one.name for one in ALL if not isinstance(one, Gated)} == named
