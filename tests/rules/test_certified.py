"""A dead layer is certified only where bounds prove it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reluctant.recording import InputStatistics, Recording
from reluctant.recording.example import StackLayer, stack, with_input, with_parameter
from reluctant.rules._network import build_network
from reluctant.rules.blocked_layer import certified

BLOCKED = stack(
    [
        StackLayer("fc1", 64, 31, "x = torch.relu(self.fc1(x))"),
        StackLayer("fc2", 32, 32, "x = torch.relu(self.fc2(x))", dead=32),
        StackLayer("fc3", 16, 33, "x = torch.relu(self.fc3(x))"),
    ]
)
STANDARDISED = InputStatistics(2432, 64, 0.0, 1.0, -3.0, 3.0, 0.0, 1.0, 1.0, 0.0)


def first_layer(weights: float, bias: float, operation: str = "relu") -> Recording:
    """The first layer takes 64 numbers up to 3, with weights up to `weights` and biases up to `bias`."""
    recording = with_input(BLOCKED, STANDARDISED)
    recording = with_parameter(recording, "fc1.weight", minimum=-weights, maximum=weights)
    recording = with_parameter(recording, "fc1.bias", maximum=bias)
    first, *others = recording.sites
    return replace(recording, sites=(replace(first, operation=operation), *others))


@pytest.mark.parametrize(
    ("weights", "bias", "proved"),
    [(0.1, -19.3, True), (0.1, -19.1, False), (0.1, 1.0, False), (0.0, 0.0, True), (0.0, 0.1, False)],
)
def test_bounds(weights: float, bias: float, proved: bool) -> None:
    network = build_network(first_layer(weights, bias))
    assert (certified(network, network.sites[0]) is not None) == proved


@pytest.mark.parametrize("operation", ["tanh", "leaky_relu", "hardtanh", "custom:Rectify"])
def test_only_what_is_dead_below_0(operation: str) -> None:
    network = build_network(first_layer(0.1, -100.0, operation))
    assert certified(network, network.sites[0]) is None


def test_without_bounds_on_the_input() -> None:
    network = build_network(with_parameter(BLOCKED, "fc2.bias", maximum=-100.0))
    assert certified(network, network.sites[1]) is None
    network = build_network(with_parameter(with_parameter(BLOCKED, "fc2.bias", maximum=-1.0), "fc2.weight", minimum=0.0, maximum=0.0))
    assert "all its weights are 0" in (certified(network, network.sites[1]) or "")
