"""LinearActivation is the two layers that it stands for: the same bits, fewer bytes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from reluctant import nn
from reluctant.activations import Gated, all_activations, get
from reluctant.errors import UnknownNameError, UsageError
from reluctant.kernels._choice import choice, function, halves
from reluctant.nn import LinearActivation

SPELLINGS = [activation.spelling for activation in all_activations()]
SPELLINGS += ["gelu_tanh", "prelu(num_parameters=8)", "leaky_relu(-0.2)", "elu(alpha=-1)", "softplus(beta=-1)"]
WIDTH, OUT = 8, 6

every = pytest.mark.parametrize("spelling", SPELLINGS)


def wide(activation) -> int:
    return 2 * WIDTH if isinstance(activation, Gated) else WIDTH


def layer(spelling: str, dtype: torch.dtype = torch.float32, *, bias: bool = True) -> LinearActivation:
    torch.manual_seed(1)
    return LinearActivation(WIDTH, OUT, spelling, bias, dtype=dtype).eval()


def apart(made: LinearActivation, x: torch.Tensor) -> torch.Tensor:
    """What the two layers compute."""
    activation = made.activation
    if isinstance(activation, Gated):
        y = halves(activation)(x, -1)
    elif activation.learned:
        y = function(activation)(x, made.activation_weight)
    elif activation.drawn:
        y = F.rrelu(x, **activation.parameters)
    else:
        y = function(activation)(x)
    return F.linear(y, made.weight, made.bias)


def gradients(compute, made, x, *, g=None):
    x = x.detach().clone().requires_grad_()
    # An operation before it, as there is in a network: what it makes is nobody's leaf.
    z = compute(x * 1)
    g = torch.randn(z.shape, generator=torch.Generator().manual_seed(3)).to(z.dtype) if g is None else g
    return [z, *torch.autograd.grad(z, [x, *made.parameters()], g.expand_as(z))]


def kept_bytes(compute, x: torch.Tensor, without: list[torch.Tensor]) -> int:
    """Bytes of the different pieces of memory that autograd keeps for it."""
    kept: dict[int, int] = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        z = compute(x)
    assert z.grad_fn is not None
    for tensor in without:
        kept.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(kept.values())


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(5,), (3, 7), (2, 7, 3), (2, 7, 2, 3), (0, 7)], ids=str)
def test_the_same_bits_as_two_layers(spelling, dtype, shape):
    made = layer(spelling, dtype)
    shape = (*shape[:-1], wide(made.activation))
    if "num_parameters" in spelling:  # the second axis holds the channels
        if len(shape) == 1:
            pytest.skip("torch takes a tensor of one axis for one channel")
        shape = (shape[0], 8, *shape[2:])
    x = torch.randn(shape, generator=torch.Generator().manual_seed(2)).mul(3).to(dtype)
    for one, other in zip(gradients(made, made, x), gradients(lambda x: apart(made, x), made, x), strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


@every
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_that_are_spread_out_and_rows_that_are_not_dense(spelling, bias):
    made = layer(spelling, bias=bias)
    x = torch.randn(6, 2 * wide(made.activation))[:, ::2]
    one = torch.tensor(1.0)
    for mine, theirs in zip(gradients(made, made, x, g=one), gradients(lambda x: apart(made, x), made, x, g=one), strict=True):
        assert torch.equal(mine, theirs)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_one_side_of_the_activation_is_kept(spelling, dtype):
    made = layer(spelling, dtype)
    x = torch.randn(64, wide(made.activation), dtype=dtype).requires_grad_() * 1
    assert kept_bytes(made, x, list(made.parameters())) == x.numel() * x.element_size()


def test_two_layers_keep_more():
    made = layer("gelu")
    x = torch.randn(64, WIDTH).requires_grad_() * 1
    assert kept_bytes(lambda x: apart(made, x), x, list(made.parameters())) == 2 * 64 * WIDTH * 4


@every
def test_under_autocast(spelling):
    made = layer(spelling)
    x = torch.randn(64, wide(made.activation))
    with torch.autocast("cpu", torch.bfloat16):
        mine = gradients(made, made, x)
        theirs = gradients(lambda x: apart(made, x), made, x)
    assert mine[0].dtype == torch.bfloat16
    assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


@every
def test_autocast_keeps_one_side_beside_the_weight_in_half(spelling):
    made = layer(spelling)
    x = torch.randn(64, wide(made.activation)).bfloat16().requires_grad_() * 1
    with torch.autocast("cpu", torch.bfloat16):
        kept = kept_bytes(made, x, list(made.parameters()))
    learned = sum(p.numel() for name, p in made.named_parameters() if name.startswith("activation_"))
    assert kept == 2 * (x.numel() + made.weight.numel() + learned)


def test_backward_after_autocast_computes_as_forward_did():
    made = layer("gelu")
    x = torch.randn(64, WIDTH, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y, reference = made(x), apart(made, x)
    grads = torch.autograd.grad(y.float().sum(), [x, made.weight])
    expected = torch.autograd.grad(reference.float().sum(), [x, made.weight])
    assert all(torch.equal(one, other) for one, other in zip(grads, expected, strict=True))


@every
def test_derivatives_in_double_precision(spelling):
    if spelling == "hardsigmoid":
        pytest.skip("torch has no second derivative of it")
    made = layer(spelling, torch.float64)
    x = torch.randn(3, wide(made.activation), dtype=torch.float64, generator=torch.Generator().manual_seed(5)).requires_grad_()
    names = [name for name, _ in made.named_parameters()]

    def compute(x, *parameters):
        return torch.func.functional_call(made, dict(zip(names, parameters, strict=True)), (x,))

    inputs = (x, *(p.detach().clone().requires_grad_() for p in made.parameters()))
    assert torch.autograd.gradcheck(compute, inputs)
    assert torch.autograd.gradgradcheck(compute, inputs)


@pytest.mark.parametrize("spelling", ["gelu", "elu", "swiglu", "prelu", "squared_relu"])
def test_compiles_in_one_graph(spelling):
    made = layer(spelling)
    x = torch.randn(16, wide(made.activation))
    compiled = torch.compile(made, fullgraph=True, backend="aot_eager")
    for one, other in zip(gradients(compiled, made, x), gradients(made, made, x), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("spelling", ["gelu", "swiglu", "prelu"])
def test_exports(spelling):
    made = layer(spelling)
    x = torch.randn(4, wide(made.activation))
    torch.testing.assert_close(torch.export.export(made, (x,)).module()(x), made(x))


@pytest.mark.parametrize("spelling", ["gelu", "swiglu", "prelu"])
def test_function_transforms(spelling):
    made = layer(spelling)
    x = torch.randn(4, wide(made.activation))
    torch.testing.assert_close(torch.vmap(made)(x), made(x))
    by_transform = torch.func.grad(lambda x: made(x).sum())(x)
    torch.testing.assert_close(by_transform, gradients(made, made, x, g=torch.tensor(1.0))[1])
    _, tangent = torch.func.jvp(made, (x,), (torch.ones_like(x),))
    assert tangent.shape == (4, OUT)


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("spelling", ["gelu", "swiglu", "prelu", "softsign"])
def test_inside_a_checkpoint(spelling, reentrant):
    made = layer(spelling)
    x = torch.randn(16, wide(made.activation))
    again = gradients(lambda x: checkpoint(made, x, use_reentrant=reentrant), made, x) if not reentrant else None
    if again is None:
        x_leaf = x.clone().requires_grad_()
        made.zero_grad()
        checkpoint(made, x_leaf, use_reentrant=True).sum().backward()
        again = [x_leaf.grad, *(p.grad for p in made.parameters())]
        expected = gradients(made, made, x, g=torch.tensor(1.0))[1:]
    else:
        expected = gradients(made, made, x)
    assert all(torch.equal(one, other) for one, other in zip(again, expected, strict=True))


def test_a_changed_input_is_noticed():
    made = layer("gelu")
    x = torch.randn(4, WIDTH, requires_grad=True) * 1
    z = made(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_nothing_is_recomputed_where_the_weight_is_frozen():
    made = layer("gelu").requires_grad_(False)
    x = torch.randn(64, WIDTH).requires_grad_() * 1
    assert kept_bytes(made, x, list(made.parameters())) == 64 * WIDTH * 4
    assert "Addmm" in made(x).grad_fn.name()


def test_an_input_without_gradient_leaves_the_output_alone_kept():
    made = layer("swiglu")
    x = torch.randn(64, 2 * WIDTH)
    assert kept_bytes(made, x, list(made.parameters())) == 64 * WIDTH * 4
    assert torch.equal(made(x), apart(made, x))


def test_rrelu_draws_in_training():
    made = LinearActivation(WIDTH, OUT, "rrelu").train()
    x = torch.randn(64, WIDTH).requires_grad_() * 1
    torch.manual_seed(0)
    one = made(x)
    assert not torch.equal(one, made(x))
    torch.manual_seed(0)
    assert torch.equal(one, made(x))
    assert torch.equal(made.eval()(x), made(x))


@pytest.mark.skipif(choice(get("rrelu"), torch.float32).kernel is None, reason="no compiled kernel draws for RReLU here")
def test_rrelu_keeps_one_side_in_training():
    rows = max(64, -(-choice(get("rrelu"), torch.float32).from_elements // WIDTH))
    made = LinearActivation(WIDTH, OUT, "rrelu").train()
    x = torch.randn(rows, WIDTH).requires_grad_() * 1
    assert kept_bytes(made, x, list(made.parameters())) == x.numel() * 4


def test_state_dict_is_that_of_linear():
    linear, made = torch.nn.Linear(WIDTH, OUT), LinearActivation(WIDTH, OUT, "mish")
    made.load_state_dict(linear.state_dict())
    assert torch.equal(made.weight, linear.weight)
    assert list(made.state_dict()) == ["weight", "bias"]
    assert list(LinearActivation(WIDTH, OUT, "prelu", bias=False).state_dict()) == ["weight", "activation_weight"]


def test_repr_names_the_activation():
    made = LinearActivation(WIDTH, OUT, "elu(alpha=0.5)")
    assert repr(made) == f"LinearActivation(in_features={WIDTH}, out_features={OUT}, bias=True, activation=elu(alpha=0.5))"


@pytest.mark.parametrize("spelling", ["elu(alpha=0.5)", "swiglu", "prelu(num_parameters=8)"])
def test_copies_are_the_same_layer(spelling):
    made = layer(spelling)
    x = torch.randn(4, wide(made.activation))
    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert torch.equal(other(x), made(x))
        assert other.activation == made.activation


def test_parameters_take_the_type_and_the_device():
    made = LinearActivation(WIDTH, OUT, "prelu", dtype=torch.float64, device="meta")
    assert {(p.dtype, p.device.type) for p in made.parameters()} == {(torch.float64, "meta")}


def test_parameters_go_where_they_are_told_whatever_is_the_default_device():
    with torch.device("meta"):
        here, there = LinearActivation(WIDTH, OUT, "prelu", device="cpu"), LinearActivation(WIDTH, OUT, "prelu")
    assert {p.device.type for p in here.parameters()} == {"cpu"}
    assert {p.device.type for p in there.parameters()} == {"meta"}
    there.to_empty(device="cpu").reset_parameters()  # how a model is built without its memory and filled later
    assert there.activation_weight.tolist() == [0.25]
    assert there.weight.abs().max() <= WIDTH**-0.5


@pytest.mark.parametrize("module", [torch.nn.GELU("tanh"), nn.ELU(0.5), torch.nn.PReLU(WIDTH), nn.SwiGLU(), torch.nn.RReLU(0.1, 0.2)])
def test_from_modules_shares_the_parameters(module):
    linear = torch.nn.Linear(WIDTH, OUT, bias=False)
    made = LinearActivation.from_modules(module.eval(), linear)
    assert made.weight is linear.weight
    assert made.bias is None
    assert not made.training
    assert {id(p) for p in made.parameters()} == {id(p) for p in (*module.parameters(), *linear.parameters())}
    x = torch.randn(5, wide(made.activation))
    torch.testing.assert_close(made(x), linear(module(x)))


class OwnGELU(torch.nn.GELU):
    pass


def test_from_modules_refuses_what_it_cannot_stand_for():
    linear = torch.nn.Linear(WIDTH, OUT)
    with pytest.raises(UsageError, match="OwnGELU is no activation of the catalogue"):
        LinearActivation.from_modules(OwnGELU(), linear)
    with pytest.raises(UsageError, match="Bilinear is not"):
        LinearActivation.from_modules(nn.GELU(), torch.nn.Bilinear(2, 2, 2))
    linear.register_forward_hook(lambda *_: None)
    with pytest.raises(UsageError, match="has hooks"):
        LinearActivation.from_modules(nn.GELU(), linear)
    with pytest.raises(UsageError, match="negative_slope is True"):
        LinearActivation.from_modules(torch.nn.LeakyReLU(True), torch.nn.Linear(WIDTH, OUT))


def test_a_spelling_that_does_not_exist_is_answered():
    with pytest.raises(UnknownNameError, match="gleu"):
        LinearActivation(WIDTH, OUT, "gleu")


@pytest.mark.parametrize("width", [WIDTH, 2 * WIDTH + 1])
def test_a_pair_of_another_width_is_refused_with_the_width_that_belongs(width):
    with pytest.raises(UsageError, match=f"of swiglu: its input has {width} entries in the last dimension, where {2 * WIDTH} belong"):
        layer("swiglu")(torch.zeros(3, width))
