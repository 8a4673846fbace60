"""What is read from the values that a node keeps is what autograd computes: slope and output, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reluctant.activations import Activation, Gated, all_activations
from reluctant.observe._activation_node import ActivationNode, node_form, read_activation
from reluctant.observe._mask import MASKS, saved_mask
from reluctant.observe._saved_tensor import saved_tensor

POINTS = torch.cat([torch.linspace(-7, 7, 97, dtype=torch.float64), torch.tensor([-40.0, -3.0, 3.0, 6.0, 40.0], dtype=torch.float64)])
SINGLE = [activation for activation in all_activations() if not isinstance(activation, Gated)]


def leaf() -> Tensor:
    return POINTS.clone().requires_grad_()


def catalogue_call(activation: Activation, x: Tensor) -> Tensor:
    names = {"F": F, "torch": torch, "x": x, "weight": torch.full((1,), 0.25, dtype=x.dtype), **activation.parameters}
    result: Tensor = eval(activation.torch_expression, names)
    return result


def agree(operation: ActivationNode | None, x: Tensor, y: Tensor) -> None:
    """The operation's slope and output are autograd's."""
    assert operation is not None
    (slope,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    kept = saved_tensor(y.grad_fn, operation.keeps)
    assert kept is not None
    torch.testing.assert_close(operation.slope(kept), slope, rtol=1e-7, atol=1e-7)  # torch's own constants are single
    torch.testing.assert_close(operation.output(kept), y.detach(), rtol=1e-7, atol=1e-7)
    assert slope.abs().max() <= operation.largest_slope * (1 + 1e-5)


def nodes_between(y: Tensor, x: Tensor) -> list[Any]:
    """The nodes of the graph from y down to x, less those that hand gradients to leaves."""
    found, waiting = [], [y.grad_fn]
    while waiting:
        node: Any = waiting.pop()
        if node is not None and getattr(node, "variable", None) is None:
            found.append(node)
            waiting += [below for below, _ in node.next_functions]
    return found


@pytest.mark.parametrize("activation", SINGLE, ids=str)
def test_catalogue_activations_are_read_as_autograd_computes_them(activation: Activation) -> None:
    """Each has a node that is read as itself, or is made of several nodes, of which none passes for the whole."""
    x = leaf()
    y = catalogue_call(activation, x)
    nodes = nodes_between(y, x)
    read = {node: read_activation(node.name(), node) for node in nodes}
    if len(nodes) > 1:
        assert activation.name not in {part.name for part in read.values() if part is not None}
        return
    operation = read[y.grad_fn]
    agree(operation, x, y)
    names = {activation.name, *activation.aliases, *(["relu"] if activation.name == "clamp" else [])}
    assert operation is not None
    assert operation.name in names
    for name, value in operation.parameters.items():
        assert activation.parameters.get(name, value) == value


@pytest.mark.parametrize("activation", SINGLE, ids=str)
def test_slopes_are_the_catalogue_formulas(activation: Activation) -> None:
    """In double precision, to the last digits."""
    x = leaf()
    y = catalogue_call(activation, x)
    operation = read_activation(y.grad_fn.name(), y.grad_fn)
    kept = saved_tensor(y.grad_fn, operation.keeps) if operation is not None else None
    if operation is not None and kept is not None and operation.keeps == "self":
        expected = [activation.slope(float(value)) for value in x.detach()]
        torch.testing.assert_close(operation.slope(kept), torch.tensor(expected, dtype=torch.float64), rtol=1e-14, atol=1e-300)


def test_slopes_of_many_values_are_those_of_each() -> None:
    x = torch.randn(3, 40_000, dtype=torch.float64).t().requires_grad_()
    y = F.gelu(x)
    agree(read_activation(y.grad_fn.name(), y.grad_fn), x, y)


def test_an_activation_of_several_operations_needs_no_word_about_them() -> None:
    """LiSHT of the documentation, x · tanh x: its tanh is seen, and no product passes for an activation."""
    x = leaf()
    read = {node.name(): read_activation(node.name(), node) for node in nodes_between(x * x.tanh(), x)}
    assert read["MulBackward0"] is None
    assert read["TanhBackward0"] is not None


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.clamp(x, min=torch.linspace(-1, 1, len(x), dtype=x.dtype)),
        lambda x: torch.clamp_min(x, torch.zeros_like(x)),
        lambda x: torch.ops.aten.elu(x, 1.0, 2.0, 1.0),
    ],
)
def test_what_the_catalogue_has_no_word_for_is_none_of_its_activations(function: Callable[[Tensor], Tensor]) -> None:
    node: Any = function(leaf()).grad_fn
    assert node_form(node.name(), node) is None


OTHERS: dict[str, tuple[Callable[[Tensor], Tensor], str, dict[str, float]]] = {
    "elu(0.5)": (lambda x: F.elu(x, 0.5), "elu", {"alpha": 0.5}),
    "celu(0.5)": (lambda x: F.celu(x, 0.5), "celu", {"alpha": 0.5}),
    "leaky_relu(0.3)": (lambda x: F.leaky_relu(x, 0.3), "leaky_relu", {"negative_slope": 0.3}),
    "leaky_relu(-0.3)": (lambda x: F.leaky_relu(x, -0.3), "leaky_relu", {"negative_slope": -0.3}),
    "leaky_relu(2)": (lambda x: F.leaky_relu(x, 2.0), "leaky_relu", {"negative_slope": 2.0}),
    "leaky_relu(True)": (lambda x: F.leaky_relu(x, True), "leaky_relu", {"negative_slope": 1.0}),
    "hardtanh(False, True)": (lambda x: F.hardtanh(x, False, True), "hardtanh", {"min_val": 0.0, "max_val": 1.0}),
    "softplus(2, 3)": (lambda x: F.softplus(x, 2, 3), "softplus", {"beta": 2, "threshold": 3}),
    "gelu tanh": (lambda x: F.gelu(x, approximate="tanh"), "gelu_tanh", {}),
    "hardtanh(-2, 5)": (lambda x: F.hardtanh(x, -2, 5), "hardtanh", {"min_val": -2, "max_val": 5}),
    "relu6": (F.relu6, "relu6", {}),
    "clamp(min=0)": (lambda x: x.clamp(min=0), "relu", {}),
    "clamp(min=0.)": (lambda x: torch.clamp_min(x, 0.0), "relu", {}),
    "clamp(min=tensor)": (lambda x: x.clamp(min=torch.tensor(0.0)), "relu", {}),
    "clamp(max=1)": (lambda x: x.clamp(max=1), "clamp", {"max": 1}),
    "clamp(-1, 2)": (lambda x: x.clamp(-1, 2), "clamp", {"min": -1, "max": 2}),
    "threshold": (lambda x: F.threshold(x, 1.0, 0.0), "threshold", {"threshold": 1}),
    "softshrink": (lambda x: F.softshrink(x, 0.4), "softshrink", {"lambd": 0.4}),
    "hardshrink": (lambda x: F.hardshrink(x, 0.4), "hardshrink", {"lambd": 0.4}),
    "logsigmoid": (F.logsigmoid, "logsigmoid", {}),
    "expit": (torch.special.expit, "sigmoid", {}),
    "sin": (torch.sin, "sin", {}),
    "cos": (torch.cos, "cos", {}),
    "rrelu": (lambda x: F.rrelu(x, 0.1, 0.3), "rrelu", {"lower": 0.1, "upper": 0.3}),
    "prelu": (lambda x: F.prelu(x, torch.tensor([0.2], dtype=x.dtype)), "prelu", {"slopes": 1}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_spellings_and_arguments(name: str) -> None:
    function, operation_name, parameters = OTHERS[name]
    x = leaf()
    y = function(x)
    operation = read_activation(y.grad_fn.name(), y.grad_fn)
    agree(operation, x, y)
    assert operation is not None
    assert (operation.name, operation.parameters) == (operation_name, pytest.approx(parameters))


IN_PLACE: dict[str, nn.Module] = {
    "relu": nn.ReLU(inplace=True),
    "relu6": nn.ReLU6(inplace=True),
    "leaky_relu": nn.LeakyReLU(0.2, inplace=True),
    "elu": nn.ELU(0.7, inplace=True),
    "selu": nn.SELU(inplace=True),
    "celu": nn.CELU(0.7, inplace=True),
    "hardtanh": nn.Hardtanh(-2, 2, inplace=True),
    "silu": nn.SiLU(inplace=True),
    "mish": nn.Mish(inplace=True),
    "hardswish": nn.Hardswish(inplace=True),
    "hardsigmoid": nn.Hardsigmoid(inplace=True),
    "threshold": nn.Threshold(0.5, 0.0, inplace=True),
    "rrelu": nn.RReLU(0.1, 0.3, inplace=True).eval(),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms(name: str) -> None:
    x = leaf()
    y = IN_PLACE[name](x * 1.0)
    operation = read_activation(y.grad_fn.name(), y.grad_fn)
    agree(operation, x, y)
    assert operation is not None
    assert operation.name == name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("activation", [a for a in SINGLE if not a.learned], ids=str)
def test_slopes_have_the_type_of_what_is_kept(activation: Activation, dtype: torch.dtype) -> None:
    x = POINTS.to(dtype).requires_grad_()
    y = catalogue_call(activation, x)
    operation = read_activation(y.grad_fn.name(), y.grad_fn)
    if operation is None:
        assert len(nodes_between(y, x)) > 1
        return
    kept = saved_tensor(y.grad_fn, operation.keeps)
    assert kept is not None
    assert operation.slope(kept).dtype == dtype
    (slope,) = torch.autograd.grad(y.sum(), x)
    near = x.detach().abs() < 8  # further out, half precision cancels differently
    torch.testing.assert_close(operation.slope(kept)[near].double(), slope[near].double(), rtol=0.05, atol=0.03)


def test_learned_slopes_lie_along_the_channels() -> None:
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    y = F.prelu(x, torch.tensor([0.1, -0.2, 1.5], dtype=torch.float64))
    agree(read_activation(y.grad_fn.name(), y.grad_fn), x, y)


def test_maximum_is_read_from_the_side_with_gradient() -> None:
    zero = torch.zeros(1, dtype=torch.float64)
    points = POINTS[POINTS != 0]
    for function in (lambda x: torch.maximum(x, zero), lambda x: torch.maximum(zero, x)):
        x = points.clone().requires_grad_()
        y = function(x)
        operation = read_activation(y.grad_fn.name(), y.grad_fn)
        assert operation is not None
        assert operation.name == "relu"
        agree(operation, x, y)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mask", lambda x: x * (x > 0)),
        ("mask", lambda x: (x > 0) * x),
        ("mask", lambda x: x * (x > 0).double()),
        ("where", lambda x: torch.where(x > 0, x, 0)),
        ("where", lambda x: torch.where(x <= 0, torch.zeros_like(x), x)),
    ],
)
def test_masks_are_slopes(name: str, function: Callable[[Tensor], Tensor]) -> None:
    x = leaf()
    y = function(x)
    mask = saved_mask(name, y.grad_fn)
    assert mask is not None
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(MASKS[name].slope(mask).double(), slope)


def test_what_is_freed_packed_or_changed_is_not_read() -> None:
    freed = F.silu(leaf())
    freed.sum().backward()
    assert saved_tensor(freed.grad_fn, "self") is None
    unpacked = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: unpacked.append(t) or t):  # type: ignore[func-returns-value]
        packed = F.prelu(leaf(), torch.ones(1, dtype=torch.float64))
    assert saved_tensor(packed.grad_fn, "self") is None
    assert read_activation(packed.grad_fn.name(), packed.grad_fn) is None
    assert not unpacked
    node = torch.tanh(leaf() * 1.0)
    changed = node.grad_fn
    node.mul_(2)
    assert saved_tensor(changed, "result") is None
