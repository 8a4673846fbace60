"""The bytes that autograd keeps for a pass are those that it saves, each once, and none are made up where they cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts

from reluctant.observe import Observer

from .watched import watched

FIRST, SECOND = nn.Linear(3, 8), nn.Linear(8, 1)
BATCH, HIDDEN = 5 * 3 * 4, 5 * 8 * 4


def kept(loss: Callable[[], Tensor]) -> int | None:
    return watched(loss).kept_bytes


def kept_by(activation: Callable[[Tensor], Tensor]) -> int | None:
    return kept(lambda: SECOND(activation(FIRST(torch.ones(5, 3)))).sum())


def saved(loss: Callable[[], Tensor], parameters: tuple[Tensor, ...]) -> int:
    """What autograd hands to hooks that are there to save it: each memory once, without that of the parameters."""
    alive, sizes = [], {}

    def pack(tensor: Tensor) -> Tensor:
        alive.append(tensor)  # or the next tensor could get its memory
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss()
    for parameter in parameters:
        sizes.pop(parameter.untyped_storage().data_ptr(), None)
    value.backward()
    return sum(sizes.values())


def normalised(x: Tensor) -> Tensor:
    return F.layer_norm(x, (8,))


@pytest.mark.parametrize(
    ("activation", "bytes_"),
    [
        (lambda x: x, BATCH + HIDDEN),
        (F.relu, BATCH + HIDDEN),
        (lambda x: F.relu(x, inplace=True), BATCH + HIDDEN),
        (torch.sigmoid, BATCH + HIDDEN),
        (F.gelu, BATCH + 2 * HIDDEN),
        (lambda x: F.elu(x), BATCH + 2 * HIDDEN),
        (lambda x: F.elu(x, inplace=True), BATCH + HIDDEN),
        (lambda x: F.gelu(F.gelu(x)), BATCH + 3 * HIDDEN),
        (lambda x: torch.relu(torch.relu(x)), BATCH + 2 * HIDDEN),
        (lambda x: x * x, BATCH + 2 * HIDDEN),
        (lambda x: torch.where(x > 0, x, torch.zeros(())), BATCH + HIDDEN + HIDDEN // 4),
    ],
    ids=["none", "relu", "relu-in-place", "sigmoid", "gelu", "elu", "elu-in-place", "gelus", "relus", "square", "mask"],
)
def test_bytes_by_hand(activation, bytes_) -> None:
    assert kept_by(activation) == bytes_
    assert saved(lambda: SECOND(activation(FIRST(torch.ones(5, 3)))).sum(), (FIRST.weight, SECOND.weight)) == bytes_


CONVOLUTIONS = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
    nn.Conv2d(8, 8, 3), nn.SiLU(), nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4), nn.Softmax(-1),
)  # fmt: skip
TRANSFORMER = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
RECURRENT, CELL = nn.LSTM(4, 8, batch_first=True), nn.GRUCell(4, 8)
EMBEDDING = nn.Embedding(20, 8)
IMAGES, SEQUENCE, WORDS = torch.rand(4, 3, 8, 8), torch.rand(4, 6, 16), torch.randint(20, (5, 3))


def unrolled() -> Tensor:
    state = torch.zeros(2, 8)
    for _ in range(3):
        state = CELL(torch.ones(2, 4), state)
    return state.sum()


def halved() -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return SECOND(F.gelu(FIRST(torch.ones(5, 3)))).float().sum()


def penalised() -> Tensor:
    x = torch.ones(5, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(SECOND(torch.tanh(FIRST(x))).sum(), x, create_graph=True)
    return gradient.pow(2).sum()


def regions() -> Tensor:
    x = FIRST(torch.ones(5, 3))
    for _ in range(2):
        x = checkpoint(lambda x: F.gelu(normalised(torch.tanh(x))), x, use_reentrant=False)
    return SECOND(x).sum()


def region_in_region() -> Tensor:
    inner = lambda x: checkpoint(lambda y: F.gelu(normalised(y)), torch.tanh(x), use_reentrant=False)  # noqa: E731
    return SECOND(checkpoint(inner, FIRST(torch.ones(5, 3)), use_reentrant=False)).sum()


@pytest.mark.parametrize(
    ("loss", "modules"),
    [
        (lambda: F.cross_entropy(CONVOLUTIONS(IMAGES), torch.arange(4)), CONVOLUTIONS),
        (lambda: TRANSFORMER(SEQUENCE).sum(), TRANSFORMER),
        (lambda: RECURRENT(SEQUENCE[..., :4].contiguous())[0].sum(), RECURRENT),
        (unrolled, CELL),
        (lambda: F.relu(EMBEDDING(WORDS)).sum(), EMBEDDING),
        (lambda: torch.stack([FIRST(torch.ones(5, 3))[torch.tensor([0, 3])], torch.ones(2, 8)]).square().sum(), FIRST),
        (lambda: sum(t.exp().sum() for t in FIRST(torch.ones(5, 3)).chunk(3, -1)), FIRST),
        (halved, None),
        (regions, None),
        (region_in_region, None),
    ],
    ids=["convolutions", "transformer", "lstm", "cell", "embedding", "indexed", "chunks", "autocast", "checkpointed", "nested"],
)
def test_as_many_as_autograd_saves(loss, modules) -> None:
    parameters = tuple((modules or nn.ModuleList([FIRST, SECOND])).parameters())
    assert kept(loss) == saved(loss, parameters) > 0


def test_a_graph_of_gradients_is_counted_with_its_input() -> None:
    recording = watched(penalised)
    # The outer pass keeps all that the inner one does, and what the derivatives need.
    assert recording.kept_bytes == saved(penalised, (*FIRST.parameters(), *SECOND.parameters()))


def test_frozen_parameters_are_left_out() -> None:
    frozen = nn.Linear(8, 8).requires_grad_(False)
    assert kept(lambda: SECOND(frozen(torch.relu(FIRST(torch.ones(5, 3))))).sum()) == BATCH + 2 * HIDDEN


def test_leaves_that_are_data_are_counted() -> None:
    assert kept(lambda: F.gelu(torch.ones(5, 8, requires_grad=True)).sum()) == HIDDEN


def test_of_a_data_set_only_the_batch_is_counted() -> None:
    data = torch.ones(1000, 3)
    rows = iter(range(0, 100, 10))
    assert kept(lambda: SECOND(torch.relu(FIRST(data[(i := next(rows)) : i + 5]))).sum()) == BATCH + HIDDEN
    assert kept(lambda: torch.relu(FIRST(data[:5])).sum() + FIRST(data[3:7]).sum() + FIRST(data[-1:]).sum()) == (7 + 1) * 3 * 4 + HIDDEN


def test_a_part_keeps_the_whole_that_was_computed() -> None:
    assert kept(lambda: FIRST(torch.ones(5, 3))[:, :2].exp().sum()) == BATCH + 5 * 2 * 4  # exp keeps its result
    assert kept(lambda: (FIRST(torch.ones(5, 3))[:, :2] ** 2).sum()) == BATCH + HIDDEN


def test_the_largest_pass_counts() -> None:
    rows = iter([2, 9, 4])
    assert kept(lambda: SECOND(torch.relu(FIRST(torch.ones(next(rows), 3)))).sum()) == 9 * (3 + 8) * 4


class Doubled(torch.autograd.Function):
    """Keeps one tensor in the way that it should, another on its context, and what is on `more` too."""

    more: object = None

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x.exp())
        ctx.kept, ctx.more, ctx.factor = [x.sin()], Doubled.more, 2.0
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return ctx.factor * gradient


def test_functions_of_the_script() -> None:
    assert kept_by(Doubled.apply) == BATCH + 3 * HIDDEN


class Box:
    """Something that may hold anything."""


def copied_in(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :2].tanh_()
    return y


def saved_on_host(x: Tensor) -> Tensor:
    with torch.autograd.graph.save_on_cpu():
        return F.gelu(x)


def selective() -> object:
    return create_selective_checkpoint_contexts([torch.ops.aten.tanh.default])


@pytest.mark.parametrize(
    "activation",
    [
        copied_in,
        saved_on_host,
        lambda x: checkpoint(lambda y: F.gelu(torch.tanh(y)), x, use_reentrant=False, context_fn=selective),
        lambda x: x + torch.sparse.mm(torch.eye(5).to_sparse(), x.exp()),
    ],
    ids=["in-place-on-a-view", "hooks", "selective", "sparse"],
)
def test_what_cannot_be_read_leaves_it_open(activation) -> None:
    recording = watched(lambda: SECOND(activation(FIRST(torch.ones(5, 3)))).sum())
    assert recording.measured_steps == 3
    assert recording.kept_bytes is None


def test_objects_that_may_hold_anything_leave_it_open(monkeypatch) -> None:
    monkeypatch.setattr(Doubled, "more", Box())
    assert kept_by(Doubled.apply) is None


def test_what_was_freed_is_kept_no_more() -> None:
    shared = []

    def loss() -> Tensor:
        if not shared:
            hidden = FIRST(torch.ones(5, 3))
            shared.append(Doubled.apply(hidden[torch.tensor([0, 3, 4])]).exp())
            return shared[0].sum()
        return shared[0].sum() + SECOND(torch.ones(1, 8)).sum()

    observer = Observer(free_seconds=1e6)
    observer.attach()
    loss().backward()
    largest = observer.recording().kept_bytes
    with pytest.raises(RuntimeError, match="a second time"):
        loss().backward()
    observer.detach()
    assert observer._guard.error is None
    assert observer.recording().measured_steps == 2
    assert observer.recording().kept_bytes == largest == BATCH + 3 * 8 + 3 * 3 * 8 * 4


def test_one_pass_that_cannot_be_read_leaves_it_open() -> None:
    activations = iter([torch.relu, copied_in, torch.relu, torch.relu])
    assert kept_by(lambda x: next(activations)(x)) is None


def test_nothing_measured_is_not_nothing() -> None:
    observer = Observer()
    observer.attach()
    observer.detach()
    assert observer.recording().kept_bytes is None


@pytest.mark.parametrize("reentrant", [False, True])
def test_no_region_is_run_again(reentrant) -> None:
    runs = []

    def region(x: Tensor) -> Tensor:
        runs.append(x.shape)
        return F.gelu(normalised(torch.tanh(x)))

    recording = watched(lambda: SECOND(checkpoint(region, FIRST(torch.ones(5, 3)), use_reentrant=reentrant)).sum())
    state = torch.get_rng_state().nbytes if reentrant else 0  # it is on the context
    assert recording.kept_bytes == BATCH + 2 * HIDDEN + state
    assert len(runs) == 2 * 3


def test_hooks_of_the_script_unpack_only_in_backward() -> None:
    order = []

    def loss() -> Tensor:
        order.append("forward")
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: order.append("unpacked") or t):
            value = FIRST(torch.ones(5, 3)).tanh().sum()
        value.register_hook(lambda _: order.append("backward"))
        return value

    watched(loss, passes=1)
    assert order[:2] == ["forward", "backward"]
    assert "unpacked" in order


def test_nothing_is_kept_alive() -> None:
    import gc
    import weakref

    seen = []

    def loss() -> Tensor:
        hidden = FIRST(torch.ones(5, 3)).tanh()
        seen.append(weakref.ref(hidden))
        return SECOND(hidden).sum()

    recording = watched(loss)
    gc.collect()
    assert recording.kept_bytes == BATCH + HIDDEN
    assert [ref() for ref in seen] == [None] * 3


def test_inside_transforms() -> None:
    weight = torch.ones(3, 8)

    def inner(w: Tensor, x: Tensor) -> Tensor:
        return torch.tanh(x @ w).sum()

    def loss() -> Tensor:
        per_row = torch.func.vmap(torch.func.grad(inner), in_dims=(None, 0))(weight, torch.ones(5, 3))
        return SECOND(torch.relu(FIRST(per_row.mean((0, 2)).expand(5, 3)))).sum()

    assert kept(loss) == BATCH + HIDDEN  # of the pass inside: what enters, and tanh's result


def test_lean_layers_keep_less() -> None:
    import reluctant.nn as lean

    torch_own = nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 1))
    joined = nn.Sequential(nn.Linear(3, 8), lean.LinearActivation(8, 1, "gelu"))
    assert kept(lambda: torch_own(torch.ones(5, 3)).sum()) == BATCH + 2 * HIDDEN
    assert kept(lambda: joined(torch.ones(5, 3)).sum()) == BATCH + HIDDEN
