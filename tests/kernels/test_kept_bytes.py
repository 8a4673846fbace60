"""What autograd keeps for an activation between two linear layers, beyond what these keep themselves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reluctant.activations import Gated, all_activations, get
from reluctant.kernels._choice import kernel_for
from reluctant.operators import torch_operator

pytestmark = pytest.mark.compiled

ROWS, WIDTH = 64, 32

KEPT = {
    **dict.fromkeys(["celu", "elu", "hardsigmoid", "hardtanh", "leaky_relu", "relu", "relu6", "rrelu", "selu", "sigmoid", "softplus"], 0),
    **dict.fromkeys(["softsign", "squared_relu", "tanh"], 0),
    **dict.fromkeys(["clamp", "gelu", "gelu_tanh", "hardswish", "mish", "prelu", "silu"], 4),
    **dict.fromkeys(["geglu", "reglu", "swiglu"], 8),
}
"""Bytes an element of float32: 0 where the output tells the slope, 4 for the input, 8 for the two inputs of a pair. Of an activation that
is not here the next test asks that it keep no more than torch."""

WITHOUT_OUTPUT = ["elu(alpha=-1)", "leaky_relu(-0.2)", "rrelu(-0.3, 0.2)", "softplus(beta=-1)", "softplus(threshold=1)"]
"""Members whose output no longer tells the slope with these parameters."""


def kept_bytes(activation, function, dtype: torch.dtype = torch.float32) -> int:
    """Bytes that are kept for an element of the output, not counting weights, the first layer's input and the second one's."""
    first = torch.nn.Linear(WIDTH, 2 * WIDTH if isinstance(activation, Gated) else WIDTH, dtype=dtype)
    second = torch.nn.Linear(WIDTH, 3, dtype=dtype)
    slope = [torch.full((1,), 0.25, dtype=dtype, requires_grad=True)] if activation.learned else []
    data, kept = torch.randn(ROWS, WIDTH, dtype=dtype), {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = function(first(data), *slope)
        second(y)
    apart = [data, y, *first.parameters(), *second.parameters(), *slope]
    for tensor in apart:
        kept.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) // y.numel()


def by_kernel(activation, dtype: torch.dtype = torch.float32):
    kernel = kernel_for(activation, dtype)
    return kernel.of_halves if isinstance(activation, Gated) else kernel


def by_torch(activation):
    operator = torch_operator(activation)
    return (lambda x: operator(*x.chunk(2, -1))) if isinstance(activation, Gated) else operator


@pytest.mark.parametrize("name", KEPT)
def test_between_two_linear_layers(name):
    assert kept_bytes(get(name), by_kernel(get(name))) == KEPT[name]


@pytest.mark.parametrize("activation", all_activations(), ids=str)
def test_no_more_than_torch_keeps(activation):
    """And of torch's own operators the catalogue knows what they keep."""
    torch_keeps = kept_bytes(activation, by_torch(activation))
    assert kept_bytes(activation, by_kernel(activation)) <= torch_keeps
    # A half that is kept holds the memory of both.
    assert torch_keeps == (12 if isinstance(activation, Gated) else activation.traits.kept_bytes())


@pytest.mark.parametrize("spelling", WITHOUT_OUTPUT)
def test_the_input_is_kept_where_the_output_no_longer_tells(spelling):
    assert kept_bytes(get(spelling), by_kernel(get(spelling))) == 4


@pytest.mark.parametrize("spelling", ["elu(alpha=0)", "leaky_relu(0)", "celu(alpha=-1)", "celu(alpha=2)", "rrelu(0, 0.5)"])
def test_parameters_with_which_the_output_still_tells(spelling):
    activation = get(spelling)
    assert kept_bytes(activation, by_kernel(activation)) == 0
    x = torch.randn(1001, generator=torch.Generator().manual_seed(1)).requires_grad_()
    y = kernel_for(activation, torch.float32)(x)
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    if activation.drawn:
        torch.testing.assert_close(dx, torch.where(x > 0, 1.0, y / x))
    else:
        (wanted,) = torch.autograd.grad(torch_operator(activation)(x), x, torch.ones_like(y))
        torch.testing.assert_close(dx, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=lambda dtype: str(dtype).removeprefix("torch."))
@pytest.mark.parametrize("activation", [*all_activations(), *map(get, WITHOUT_OUTPUT)], ids=str)
def test_16_bits_keep_one_tensor_at_most(activation, dtype):
    most = 4 if isinstance(activation, Gated) else 2
    assert kept_bytes(activation, by_kernel(activation, dtype), dtype) in (0, most)


@pytest.mark.parametrize("activation", all_activations(), ids=str)
def test_nothing_is_kept_without_a_gradient(activation):
    kept = []
    inputs = [torch.randn(8, 8)] + [torch.full((1,), 0.25)] * bool(activation.learned)
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda tensor: tensor):
        assert not by_kernel(activation)(*inputs).requires_grad
        with torch.no_grad():
            by_kernel(activation)(inputs[0].requires_grad_(), *inputs[1:])
    assert kept == []


SIZES = [2.0**-64, 2.0**-70, 1e-38, 1e-42, 2.0**64, 1e25, 3e38]


@pytest.mark.parametrize("size", SIZES)
def test_squared_relu_keeps_the_input_where_a_square_is_lost(size):
    x = torch.tensor([1.0, -3.0, 0.0, size, -size], requires_grad=True)
    y = kernel_for(get("squared_relu"), torch.float32)(x)
    assert y.grad_fn._forward_cls.kept == "input"
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    assert dx.tolist() == [2.0, 0.0, 0.0, torch.tensor(size).mul(2).item(), 0.0]


@pytest.mark.parametrize("size", [2.0**-63, 1e-18, 1.0, 1e19, 2.0**63.99])
def test_squared_relu_keeps_the_output_elsewhere(size):
    x = torch.tensor([-1e30, -1e-42, 0.0, size, -size], requires_grad=True)
    y = kernel_for(get("squared_relu"), torch.float32)(x)
    assert y.grad_fn._forward_cls.kept == "output"
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y))
    torch.testing.assert_close(dx, 2 * x.detach().clamp(min=0), rtol=2.0**-23, atol=0)
