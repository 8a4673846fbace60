"""What torch does with modules and functions works with every activation: compile, export, transforms, autocast, checkpoints, hooks."""

from __future__ import annotations

import functools

import pytest
import torch
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

from reluctant import nn
from reluctant.activations import get
from tests.kernels.forced import ALL, KERNELS, every, gradients, numbers, of_both, of_kernels, same_bits, serving, subject

SOME = [get(spelling) for spelling in ("elu(alpha=0.7)", "gelu", "mish", "prelu", "swiglu", "squared_relu", "clamp(min=0)")]
some = pytest.mark.parametrize("activation", SOME, ids=str)


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=4e-6, atol=4e-6)


@pytest.mark.parametrize("activation", [one for one in ALL if not one.drawn], ids=str)
@of_both
def test_forward_mode_differentiation(activation, served_by):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    tangents = [torch.ones_like(tensor) for tensor in inputs]
    with serving(served_by):
        try:
            theirs = torch.func.jvp(case.theirs, tuple(inputs), tuple(tangents))
        except (NotImplementedError, RuntimeError) as error:
            with pytest.raises(type(error)):
                torch.func.jvp(case.ours, tuple(inputs), tuple(tangents))
            return
        for one, other in zip(torch.func.jvp(case.ours, tuple(inputs), tuple(tangents)), theirs, strict=True):
            close(one, other)
        with forward_ad.dual_level():
            duals = [forward_ad.make_dual(tensor, tangent) for tensor, tangent in zip(inputs, tangents, strict=True)]
            close(forward_ad.unpack_dual(case.ours(*duals)).tangent, theirs[1])


@pytest.mark.parametrize("activation", [one for one in ALL if not one.drawn], ids=str)
@of_both
def test_vmap_and_gradients_of_each_sample(activation, served_by):
    case = subject(activation)
    inputs = case.inputs(numbers(4, 5, 6))
    many = (0, *(None if activation.learned else 0 for _ in inputs[1:]))
    with serving(served_by):
        close(torch.vmap(case.ours, in_dims=many)(*inputs), torch.vmap(case.theirs, in_dims=many)(*inputs))
        mine = torch.vmap(torch.func.grad(lambda *t: case.ours(*t).square().sum()), in_dims=many)(*inputs)
        close(mine, torch.vmap(torch.func.grad(lambda *t: case.theirs(*t).square().sum()), in_dims=many)(*inputs))


@pytest.mark.parametrize("activation", [get("elu"), get("gelu"), get("tanh"), get("swiglu"), get("squared_relu")], ids=str)
@of_both
def test_hessian(activation, served_by):
    case = subject(activation)
    inputs = case.inputs(numbers(4, scale=1))
    with serving(served_by):
        close(torch.func.hessian(lambda *t: case.ours(*t).sum())(*inputs), torch.func.hessian(lambda *t: case.theirs(*t).sum())(*inputs))


@every
@of_both
def test_autocast_decides_as_for_torch(activation, served_by):
    case = subject(activation)
    for dtype in (torch.float32, torch.bfloat16):
        inputs = case.inputs(numbers(5, 6, dtype=dtype))
        with torch.autocast("cpu", torch.bfloat16), serving(served_by):
            try:
                theirs = gradients(case.theirs, inputs)
            except RuntimeError:
                with pytest.raises(RuntimeError):
                    gradients(case.ours, inputs)
                continue
            ours = gradients(case.ours, inputs)
        assert all(map(same_bits, ours, theirs))
        assert [one.dtype for one in ours] == [one.dtype for one in theirs]


@pytest.mark.parametrize("activation", [one for one in ALL if not one.drawn], ids=str)
def test_compiles_in_one_graph(activation):
    torch._dynamo.reset()
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    with serving(KERNELS):
        compiled = torch.compile(case.ours, fullgraph=True, backend="aot_eager")
        for one, other in zip(gradients(compiled, inputs), gradients(case.theirs, inputs), strict=True):
            close(one, other)


@pytest.mark.parametrize("activation", [one for one in ALL if not one.drawn], ids=str)
def test_exports(activation):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))

    class Net(torch.nn.Module):
        def forward(self, *tensors):
            return case.ours(*tensors)

    with serving(KERNELS):
        exported = torch.export.export(Net(), tuple(inputs)).module()
    close(exported(*inputs), case.theirs(*inputs))


@some
@of_both
def test_shapes_without_values(activation, served_by):
    case = subject(activation)
    with serving(served_by):
        inputs = [tensor.to("meta") for tensor in case.inputs(numbers(5, 6))]
        assert case.ours(*inputs).shape == (5, 6)
        with torch._subclasses.FakeTensorMode() as mode:
            fake = [mode.from_tensor(tensor) for tensor in case.inputs(torch.zeros(5, 6))]
            assert case.ours(*fake).shape == (5, 6)


@every
@pytest.mark.parametrize("reentrant", [True, False])
@of_kernels
def test_inside_a_checkpoint(activation, reentrant):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))

    def leaves_after(run):
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        y = run(*leaves)
        y.backward(numbers(5, 6, scale=1))
        return [y.detach(), *(leaf.grad for leaf in leaves)]

    with serving(KERNELS):
        plain = leaves_after(case.ours)
        saved = leaves_after(functools.partial(checkpoint, case.ours, use_reentrant=reentrant))
    assert all(map(torch.equal, plain, saved))


@every
@of_kernels
def test_saved_tensors_pass_through_hooks(activation):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    packed = []

    def pack(tensor):
        packed.append(tensor)
        return tensor.clone()

    with serving(KERNELS):
        plain = gradients(case.ours, inputs)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            hooked = gradients(case.ours, inputs)
        with torch.autograd.graph.save_on_cpu():
            offloaded = gradients(case.ours, inputs)
    assert packed
    assert all(map(torch.equal, plain, hooked))
    assert all(map(torch.equal, plain, offloaded))


@every
@of_kernels
@pytest.mark.parametrize("shape", [(6, 6), (4, 6, 3, 2)], ids=str)
def test_hooks_may_lay_out_what_is_kept_otherwise(activation, shape):
    case = subject(activation)
    inputs = case.inputs(numbers(*shape))

    def spread_out(tensor):
        return torch.stack([tensor.detach()] * 3, dim=-1)[..., 1]

    def turned(tensor):
        order = list(reversed(range(tensor.dim())))
        return tensor.detach().permute(order).contiguous().permute(order)

    with serving(KERNELS):
        plain = gradients(case.ours, inputs)
        for unpack in (spread_out, turned):
            with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack):
                hooked = gradients(case.ours, inputs)
            for one, other in zip(plain, hooked, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@every
@of_kernels
def test_what_is_kept_may_not_be_changed(activation):
    case = subject(activation)
    leaves = [tensor.requires_grad_() for tensor in case.inputs(numbers(5, 6))]
    with serving(KERNELS):
        x = leaves[0] * 1
        y = case.ours(x, *leaves[1:])
        kept = type(y.grad_fn)._forward_cls.kept
        with torch.no_grad():
            (y if kept == "output" else x).add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


@every
@of_kernels
def test_a_graph_is_used_once_or_kept(activation):
    case = subject(activation)
    leaves = [tensor.requires_grad_() for tensor in case.inputs(numbers(5, 6))]
    with serving(KERNELS):
        y = case.ours(*leaves).sum()
        first = torch.autograd.grad(y, leaves, retain_graph=True)
        assert all(map(torch.equal, first, torch.autograd.grad(y, leaves)))
        with pytest.raises(RuntimeError, match="second time"):
            torch.autograd.grad(y, leaves)


@every
@of_kernels
def test_gradients_only_where_they_are_asked_for(activation):
    case = subject(activation)
    plain = case.inputs(numbers(5, 6))
    with serving(KERNELS):
        assert case.ours(*plain).grad_fn is None
        with torch.no_grad():
            assert not case.ours(*[tensor.clone().requires_grad_() for tensor in plain]).requires_grad
        with torch.inference_mode():
            y = case.ours(*plain)
        assert torch.equal(y, case.ours(*plain))
        whole = gradients(case.ours, plain)[1:]
        for index in range(len(plain)):
            some = [tensor.clone() for tensor in plain]
            some[index].requires_grad_()
            g = torch.randn(5, 6, generator=torch.Generator().manual_seed(11))
            (alone,) = torch.autograd.grad(case.ours(*some), some[index], g)
            assert torch.equal(alone, whole[index])


class Marked(torch.Tensor):
    """A subclass of Tensor, which torch's operators keep."""


@some
@of_both
def test_subclasses_of_tensors_stay_what_they_are(activation, served_by):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    with serving(served_by):
        y = case.ours(*[tensor.as_subclass(Marked) for tensor in inputs])
    assert type(y) is Marked
    close(y.as_subclass(torch.Tensor), case.theirs(*inputs))


@some
@of_both
def test_other_types_are_torchs(activation, served_by):
    case = subject(activation)
    with serving(served_by):
        complex_numbers = [tensor.to(torch.complex64) for tensor in case.inputs(numbers(5, 6))]
        for inputs in (complex_numbers, [tensor.to(torch.int64) for tensor in case.inputs(numbers(5, 6))]):
            try:
                theirs = case.theirs(*inputs)
            except (RuntimeError, NotImplementedError) as error:
                with pytest.raises(type(error)):
                    case.ours(*inputs)
            else:
                assert torch.equal(case.ours(*inputs), theirs)


@some
@of_both
def test_negative_views_and_sparse_tensors(activation, served_by):
    case = subject(activation)
    inputs = case.inputs(numbers(5, 6))
    view = torch.complex(torch.zeros(5, 6), -inputs[0]).conj().imag
    assert view.is_neg()
    with serving(served_by):
        close(case.ours(view, *inputs[1:]), case.theirs(view, *inputs[1:]))
        for one, other in zip(gradients(case.ours, inputs, view), gradients(case.ours, inputs, view.resolve_neg()), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("name", sorted(nn.MODULES))
def test_modules_compile_in_one_graph_and_are_exported(name):
    torch._dynamo.reset()
    module, x = nn.MODULES[name]().eval(), numbers(5, 6)
    with serving(KERNELS):
        for made in (torch.compile(module, fullgraph=True, backend="aot_eager"), torch.export.export(module, (x,)).module()):
            close(made(x), module(x))
