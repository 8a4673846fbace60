"""Activations of reluctant.nn are seen by the names of the catalogue, whatever computes them."""

from __future__ import annotations

import pytest
import torch

from reluctant.activations import get

from .watched import watched

FIRST, SECOND = torch.nn.Linear(3, 8), torch.nn.Linear(8, 1)
SLOPES = torch.nn.Parameter(torch.full((8,), 0.25))


def function_of(spelling: str) -> type[torch.autograd.Function]:
    """An autograd function that says what it computes, as ours do; it lets a half of everything pass."""

    class Made(torch.autograd.Function):
        activation = get(spelling)

        @staticmethod
        def forward(ctx, x, *others):
            ctx.others = len(others)
            return x * 0.5

        @staticmethod
        def backward(ctx, g):
            return g * 0.5, *[torch.zeros(8) if index == 0 else None for index in range(ctx.others)]

    return Made


@pytest.mark.parametrize(
    ("spelling", "operation", "parameters"),
    [
        ("elu(alpha=0.5)", "elu", {"alpha": 0.5}),
        ("gelu", "gelu", {}),
        ("gelu_tanh", "gelu_tanh", {}),
        ("squared_relu", "squared_relu", {}),
    ],
)
def test_a_site_has_the_name_and_the_numbers(spelling, operation, parameters) -> None:
    made = function_of(spelling)
    recording = watched(lambda: SECOND(made.apply(FIRST(torch.ones(5, 3)))).sum())
    (site,) = recording.sites
    assert (site.operation, site.parameters, site.layer) == (operation, parameters, 0)
    assert site.kept_input_bytes == 0
    assert not site.exact


def test_a_learned_slope_is_known() -> None:
    made = function_of("prelu(num_parameters=8)")
    recording = watched(lambda: SECOND(made.apply(FIRST(torch.ones(5, 3)), SLOPES, "layout")).sum())
    (site,) = recording.sites
    assert site.operation == "prelu"
    (slope,) = [one for one in recording.parameters if one.id == site.slope]
    assert (slope.shape, slope.role) == ((8,), "slope")


def test_a_gated_pair_is_a_product() -> None:
    made = function_of("swiglu")
    recording = watched(lambda: SECOND(made.apply(FIRST(torch.ones(5, 3)))).sum())
    assert not recording.sites
    assert [(node.operation, node.kind) for node in recording.graphs[0].nodes if node.kind == "product"] == [("swiglu", "product")]
