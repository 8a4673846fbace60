"""A raw graph is reduced to what it means: layers, activations, affine steps, products, losses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from reluctant.observe import _passes
from reluctant.observe._autograd_graph import read_graph
from reluctant.observe._operations import operation_name

from .watched import chain, layer, nodes, only_graph, watched

X = torch.randn(6, 4)
IMAGES = torch.randn(2, 3, 6, 6)


def linear(inputs: int = 4, outputs: int = 4) -> nn.Linear:
    return nn.Linear(inputs, outputs)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("MaxPool2DWithIndicesBackward0", "max_pool2d_with_indices"),
        ("AddmmBackward0", "addmm"),
        ("NllLoss2DBackward0", "nll_loss2d"),
        ("torch::autograd::AccumulateGrad", "accumulate_grad"),
        ("torch::jit::(anonymous namespace)::DifferentiableGraphBackward", "differentiable_graph"),
        ("AdaptiveAvgPool2DBackward0", "adaptive_avg_pool2d"),
        ("ScaledDotProductFlashAttentionForCpuBackward0", "scaled_dot_product_flash_attention_for_cpu"),
        ("PreluKernelBackward0", "prelu_kernel"),
    ],
)
def test_operations_are_named_in_snake_case(name: str, operation: str) -> None:
    assert operation_name(name) == operation


def test_views_are_left_out() -> None:
    fc = linear()
    seen = watched(lambda: fc(X).view(2, 12).transpose(0, 1).unsqueeze(0).expand(3, -1, -1).contiguous()[..., 0].sum())
    assert chain(seen) == [("sum", "affine"), ("select", "affine"), ("addmm", "weight")]


STEPS: dict[str, tuple[Callable[[Tensor], Tensor], str, str, float | None, float | None]] = {
    "times a number": (lambda x: x * 3, "mul", "affine", 3.0, 0.0),
    "times a tensor of one number": (lambda x: x * torch.tensor(3.0), "mul", "affine", 3.0, 0.0),
    "divided by a number": (lambda x: x / 4, "div", "affine", 0.25, 0.0),
    "negated": (lambda x: -x, "neg", "affine", -1.0, 0.0),
    "plus a number": (lambda x: x + 3, "add", "affine", 1.0, None),
    "a number minus it": (lambda x: 3 - x, "rsub", "affine", None, None),
    "mean": (lambda x: x.mean(0), "mean", "affine", 1.0, 0.0),
    "average pooling": (lambda x: F.avg_pool1d(x[None], 2), "avg_pool2d", "affine", 1.0, 0.0),
    "padded": (lambda x: F.pad(x, (1, 1)), "constant_pad_nd", "affine", None, None),
    "squared": (lambda x: x**2, "pow", "elementwise", None, None),
    "exponential": (torch.exp, "exp", "elementwise", None, None),
    "times data": (lambda x: x * X, "mul", "product", None, None),
    "reciprocal": (torch.reciprocal, "reciprocal", "elementwise", None, None),
    "greatest": (lambda x: x.amax(1), "amax", "pooling", None, None),
    "sorted": (lambda x: x.sort().values, "sort", "pooling", None, None),
    "dropped out": (lambda x: F.dropout(x, 0.5), "dropout", "dropout", None, None),
    "halves multiplied": (lambda x: F.glu(x), "glu", "product", None, None),
}


@pytest.mark.parametrize("name", STEPS)
def test_what_a_step_does(name: str) -> None:
    step, operation, kind, scale, offset = STEPS[name]
    fc = linear()
    seen = watched(lambda: step(fc(X)).sum())
    assert chain(seen) == [("sum", "affine"), (operation, kind), ("addmm", "weight")]
    (node,) = nodes(seen, operation)
    assert (node.scale, node.offset) == (scale, offset)


def test_a_parameter_that_is_added_is_the_bias() -> None:
    w, b = nn.Parameter(torch.randn(4, 5)), nn.Parameter(torch.randn(5))
    seen = watched(lambda: (X @ w + b).tanh().sum())
    assert chain(seen) == [("sum", "affine"), ("tanh", "activation"), ("mm", "weight")]
    (only,) = seen.layers
    assert {only.weight, only.bias} == {p.id for p in seen.parameters}
    assert (only.fan_in, only.fan_out, only.weight_shape) == (4, 5, (4, 5))
    assert {p.role for p in seen.parameters} == {"weight", "bias"}


def test_a_parameter_that_scales_is_affine() -> None:
    fc, gain = linear(), nn.Parameter(torch.ones(4))
    assert chain(watched(lambda: (fc(X) * gain).sum()))[1] == ("mul", "affine")


@pytest.mark.parametrize(
    "build",
    [
        lambda: parametrizations.weight_norm(linear()),
        lambda: parametrizations.spectral_norm(linear()),
        lambda: parametrizations.orthogonal(linear()),
        lambda: torch.nn.utils.spectral_norm(linear()),
        lambda: nn.Sequential(nn.Identity(), parametrizations.weight_norm(linear())),
    ],
)
def test_a_weight_that_is_made_of_parameters_is_one_weight(build: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    fc = build()
    seen = watched(lambda: fc(X).relu().sum())
    assert chain(seen) == [("sum", "affine"), ("relu", "activation"), ("addmm", "weight")]
    (only,) = seen.layers
    assert only.module_type == "Linear"
    assert only.name in ("Linear", "1")
    assert all("weight" in p.name or p.role == "bias" for p in seen.parameters)


def test_a_computed_weight_has_its_own_shape_and_is_not_mistaken_for_its_parameter() -> None:
    torch.manual_seed(0)
    fc = parametrizations.weight_norm(nn.Linear(4, 5))
    (only,) = watched(lambda: fc(X).relu().sum()).layers
    assert (only.weight, only.weight_shape, only.fan_in, only.fan_out) == (None, (5, 4), 4, 5)
    large = nn.Linear(4, 5)
    with torch.no_grad():
        large.weight.mul_(100)
    parametrizations.spectral_norm(large)
    (only,) = watched(lambda: large(X).relu().sum()).layers
    assert all(moment.output_rms is None or moment.output_rms < 5 for moment in only.moments)


def test_a_frozen_layer_is_a_layer_without_a_parameter() -> None:
    net = nn.Sequential(linear(), nn.Linear(4, 5).requires_grad_(False), nn.ReLU(), nn.Linear(5, 6).requires_grad_(False), nn.Tanh())
    seen = watched(lambda: net(X).sum())
    assert [kind for _, kind in chain(seen)] == ["affine", "activation", "weight", "activation", "weight", "weight"]
    frozen = layer(seen, "1")
    assert (frozen.weight, frozen.weight_shape, frozen.fan_in, frozen.fan_out) == (None, (5, 4), 4, 5)
    assert {s.operation: (s.after, s.units) for s in seen.sites} == {"relu": ("1", 5), "tanh": ("3", 6)}


def test_a_product_with_a_constant_matrix_is_affine() -> None:
    fc, adjacency = linear(), torch.rand(6, 6)
    seen = watched(lambda: (adjacency @ fc(X)).sigmoid().mm(torch.ones(4, 2)).sum())
    assert chain(seen) == [
        ("sum", "affine"), ("mm", "affine"), ("sigmoid", "activation"), ("mm", "affine"), ("addmm", "weight"),
    ]
    assert seen.sites[0].role == "output"


def test_low_rank_factors_of_a_weight_are_no_layers() -> None:
    fc, a, b = linear(), nn.Parameter(torch.randn(2, 4)), nn.Parameter(torch.randn(4, 2))
    fc.requires_grad_(False)
    seen = watched(lambda: F.linear(X, fc.weight + b @ a).relu().sum())
    assert chain(seen) == [("sum", "affine"), ("relu", "activation"), ("mm", "weight")]


@pytest.mark.parametrize(
    ("build", "inputs", "kind", "operation"),
    [
        (lambda: nn.Conv2d(3, 5, 3), IMAGES, "convolution", "convolution"),
        (lambda: nn.ConvTranspose2d(3, 5, 3), IMAGES, "convolution", "convolution"),
        (lambda: nn.Conv1d(6, 5, 3), IMAGES[0], "convolution", "convolution"),
        (lambda: nn.BatchNorm2d(3), IMAGES, "batch_norm", "native_batch_norm"),
        (lambda: nn.GroupNorm(3, 3), IMAGES, "group_norm", "native_group_norm"),
        (lambda: nn.LayerNorm(4), X, "layer_norm", "native_layer_norm"),
        (lambda: nn.Embedding(9, 4), torch.tensor([1, 2]), "embedding", "embedding"),
        (lambda: linear(), X[None], "linear", "addmm"),
        (lambda: nn.Linear(4, 4, bias=False), X[None], "linear", "mm"),
    ],
)
def test_layers_by_kind(build: Callable[[], nn.Module], inputs: Tensor, kind: str, operation: str) -> None:
    module = build()
    seen = watched(lambda: module(inputs).tanh().sum())
    (only,) = seen.layers
    assert (only.kind, only.module_type, only.calls) == (kind, type(module).__name__, 1)
    assert chain(seen)[-1][0] == operation
    assert only.input is not None or kind == "embedding"


def test_data_whose_gradient_is_asked_for_is_data() -> None:
    net = nn.Sequential(linear(), nn.ReLU(), linear())
    seen = watched(lambda: net(torch.randn(6, 4).requires_grad_()).sum())
    assert chain(seen) == [("sum", "affine"), ("addmm", "weight"), ("relu", "activation"), ("addmm", "weight")]
    assert layer(seen, "0").input is not None
    assert layer(seen, "2").input is None


def test_a_residual_step_keeps_both_paths() -> None:
    fc, x = linear(), linear()

    def loss() -> Tensor:
        h = x(X)
        return (h + fc(h).relu()).sum()

    seen = watched(loss)
    (add,) = nodes(seen, "add")
    kinds = [only_graph(seen).nodes[i].operation for i in add.inputs]
    assert kinds == ["addmm", "relu"]


def test_what_backward_made_is_opaque() -> None:
    net = nn.Sequential(linear(), nn.Sigmoid(), linear(4, 1))

    def loss() -> Tensor:
        x = torch.randn(6, 4, requires_grad=True)
        (gradient,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        return gradient.pow(2).sum()

    seen = watched(loss)
    graph = seen.graphs[-1]
    assert {node.kind for node in graph.nodes if node.place is None} <= {"opaque", "affine"}
    assert all(node.layer is None and node.site is None for node in graph.nodes if node.kind == "opaque")
    assert len(seen.layers) == 2


def test_a_graph_too_large_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_passes, "read_graph", lambda roots, numbers: read_graph(roots, numbers, limit=30))
    cell = nn.RNNCell(4, 4)

    def loss() -> Tensor:
        h = torch.zeros(6, 4)
        for _ in range(20):
            h = cell(X, h)
        return h.sum()

    graph = only_graph(watched(loss))
    assert graph.truncated
    assert 0 < len(graph.nodes) <= 30


def test_two_passes_of_one_structure_are_one_graph_whatever_their_batch() -> None:
    fc = linear()
    sizes = iter([3, 6, 1, 0])
    seen = watched(lambda: fc(torch.randn(next(sizes), 4)).relu().sum(), passes=4)
    assert only_graph(seen).passes == 4


def test_another_layer_is_another_graph() -> None:
    choices = nn.ModuleList([linear(), linear()])
    turns = iter([0, 1, 0, 1])
    seen = watched(lambda: choices[next(turns)](X).relu().sum(), passes=4)
    assert [graph.passes for graph in seen.graphs] == [2, 2]
    assert len(seen.sites) == 2
