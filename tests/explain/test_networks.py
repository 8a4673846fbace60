"""Networks side by side are the networks that torch makes, each for itself."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from reluctant.activations import all_activations, get
from reluctant.explain._data import TASKS, clusters
from reluctant.explain._networks import descend, follow, forward, in_torch, linear_layers, side_by_side
from reluctant.explain.vanishing_gradients import gradient_by_layer
from reluctant.instrument.threads import one_thread


def sequential(seed: int, sizes: tuple[int, ...] = (3, 8, 8, 2)) -> nn.Sequential:
    """What a user would write."""
    torch.manual_seed(seed)
    layers = [layer for inputs, outputs in pairwise(sizes) for layer in (nn.Linear(inputs, outputs), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def test_outputs_and_steps_are_those_of_single_networks():
    seeds, x = (0, 5, 7), torch.randn(3, 20, 3)
    together = side_by_side([linear_layers((3, 8, 8, 2), seed) for seed in seeds])
    rates = torch.tensor([0.1, 0.2, 0.3])
    for _ in range(3):
        descend(together, forward(together, x, torch.relu).square().mean((1, 2)), rates)
    for index, seed in enumerate(seeds):
        alone = sequential(seed)
        optimizer = torch.optim.SGD(alone.parameters(), float(rates[index]))
        for _ in range(3):
            optimizer.zero_grad()
            alone(x[index]).square().mean().backward()
            optimizer.step()
        torch.testing.assert_close(forward(together, x, torch.relu)[index], alone(x[index]))


def test_following_an_optimizer_is_what_torch_does():
    x, alone = torch.randn(1, 20, 3), sequential(0)
    together = side_by_side([linear_layers((3, 8, 8, 2), 0)])
    ours, theirs = torch.optim.Adam(together, 0.01), torch.optim.Adam(alone.parameters(), 0.01)
    for _ in range(5):
        follow(ours, together, forward(together, x, torch.relu).square().mean((1, 2)))
        theirs.zero_grad()
        alone(x[0]).square().mean().backward()
        theirs.step()
    torch.testing.assert_close(forward(together, x, torch.relu)[0], alone(x[0]))


def test_the_users_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    linear_layers((3, 8, 2), 0)
    TASKS["moons"][0](10, 0)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize(("initialisation", "variance"), [("default", 1 / 3), ("glorot", 1.0), ("he", 2.0)])
def test_initialisations_have_the_variance_the_theory_counts_with(initialisation, variance):
    weight, bias = linear_layers((400, 400), 0, initialisation)
    assert 400 * float(weight.var()) == pytest.approx(variance, rel=0.03)
    assert (float(bias.abs().max()) == 0) == (initialisation != "default")


@pytest.mark.parametrize(
    ("activation", "initialisation", "factor"),
    [("relu", "he", 1.0), ("relu", "glorot", math.sqrt(1 / 2)), ("relu", "default", math.sqrt(1 / 6))],
)
def test_mean_field_theory_of_relu_in_closed_form(activation, initialisation, factor):
    sizes = gradient_by_layer(get(activation), initialisation, 10, 10**9)
    assert sizes == pytest.approx([factor**layer for layer in range(9, -1, -1)], rel=1e-6)


@pytest.mark.parametrize(
    "activation", [a for a in all_activations() if a.torch_function and not a.torch_code and not a.learned and not a.drawn], ids=str
)
def test_an_activation_is_the_catalogues(activation):
    xs = [-3.0, -0.5, 0.25, 2.0]
    if activation.name.endswith("glu") or activation.name == "clamp":
        pytest.skip("of two inputs, or without bounds that torch takes")
    ours = in_torch(activation)(torch.tensor(xs, dtype=torch.float64)).tolist()
    assert ours == pytest.approx([activation(x) for x in xs], rel=1e-12)


@pytest.mark.parametrize("name", TASKS)
def test_tasks_are_balanced_and_follow_from_their_seed(name):
    task = TASKS[name][0]
    points, classes = task(1000, 3)
    assert 0.45 < float(classes.mean()) < 0.55
    assert torch.equal(points, task(1000, 3)[0])
    assert not torch.equal(points, task(1000, 4)[0])


def test_clusters_of_one_world_are_the_same_classes():
    near, far = clusters(4000, 1, world=0), clusters(4000, 2, world=0)
    assert not torch.equal(near[0], far[0])
    means = [torch.stack([x[y == k].mean(0) for k in range(8)]) for x, y in (near, far)]
    assert float((means[0] - means[1]).norm() / means[0].norm()) < 0.3
    elsewhere = clusters(4000, 1, world=1)
    other = torch.stack([elsewhere[0][elsewhere[1] == k].mean(0) for k in range(8)])
    assert float((means[0] - other).norm() / means[0].norm()) > 1


def test_one_thread_only_within():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
