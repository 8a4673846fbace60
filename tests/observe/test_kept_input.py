"""What autograd keeps of an activation's input is counted by its bytes, and only where autograd keeps it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from reluctant.recording import Recording

from .watched import watched

FIRST, CELL, SECOND = torch.nn.Linear(3, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1)


def recorded(activation, rows: int = 5) -> Recording:
    return watched(lambda: SECOND(activation(FIRST(torch.ones(rows, 3)))).sum())


@pytest.mark.parametrize(
    ("activation", "bytes_"),
    [
        (F.gelu, 5 * 8 * 4),
        (torch.relu, 0),
        (lambda x: F.elu(x, inplace=True), 0),
        (lambda x: F.elu(x), 5 * 8 * 4),
        (lambda x: F.silu(F.silu(x)), 5 * 8 * 4),
        (lambda x: checkpoint(F.gelu, x, use_reentrant=False), 0),
    ],
    ids=["gelu", "relu", "in-place", "elu", "two-sites", "checkpointed"],
)
def test_bytes_of_one_call(activation, bytes_) -> None:
    recording = recorded(activation)
    assert recording.sites
    assert [site.kept_input_bytes for site in recording.sites] == [bytes_] * len(recording.sites)
    assert {site.kept_type for site in recording.sites} == ({"float32"} if bytes_ else {""})


def test_calls_of_one_pass_add_up() -> None:
    def loss():
        x = FIRST(torch.ones(5, 3))
        for _ in range(3):
            x = F.gelu(CELL(x))
        return SECOND(x).sum()

    (site,) = watched(loss).sites
    assert site.calls == 3
    assert site.kept_input_bytes == 3 * 5 * 8 * 4


def test_the_layer_of_a_linear_activation_is_seen() -> None:
    from reluctant.nn import LinearActivation

    net = torch.nn.Sequential(torch.nn.Linear(3, 8), LinearActivation(8, 4, "gelu"), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    recording = watched(lambda: net(torch.ones(5, 3)).sum())
    (joined,) = [node for node in recording.graphs[0].nodes if node.operation == "lean_linear"]
    assert joined.kind == "weight"
    (layer,) = [layer for layer in recording.layers if layer.id == joined.layer]
    assert (layer.kind, layer.weight_shape) == ("linear", (4, 8))
    assert recording.parameters[layer.bias].shape == (4,)
