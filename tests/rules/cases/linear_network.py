"""RL101 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Node, Recording
from tests.recordings import Stage, stack
from tests.rules.cases import Case
from tests.rules.cases.collapsed_layers import chain, convolution, linear

A, B, C = linear(0, 8, 32), linear(1, 32, 32), linear(2, 32, 2)


def truncated(recording: Recording) -> Recording:
    return replace(recording, graphs=(replace(recording.graphs[0], truncated=True),))


def two_towers() -> Recording:
    """The output is the product of two linear towers."""
    towers = [
        Node(1, "mul", "product", (2, 5)), Node(2, "addmm", "weight", (3,), layer=1), Node(3, "addmm", "weight", (4,), layer=0),
        Node(4, "data", "data"), Node(5, "addmm", "weight", (6,), layer=2), Node(6, "data", "data"),
    ]  # fmt: skip
    return chain(A, B, replace(C, fan_in=8), "mul", more=towers)


CASES = (
    Case("three layers", chain(A, B, C), "error", "missing-activation", line=10),
    Case("two layers", chain(A, replace(C, fan_in=32)), "error"),
    Case("one layer", chain(linear(0, 8, 2))),
    Case("an activation between", chain(A, "relu!", B, C)),
    Case("a softmax on the output", chain(A, B, C, "softmax!"), "error"),
    Case("views, averages, dropout", chain(A, "view", B, "dropout", "mean", C), "error"),
    Case("batch normalisation", chain(A, "native_batch_norm", B, C), "error"),
    Case("layer normalisation", chain(A, "native_layer_norm", B, C)),
    Case("max pooling", chain(convolution(0, 1, 8, 3), "max_pool2d", convolution(1, 8, 8, 3), linear(2, 128, 2))),
    Case("a square", chain(A, "pow", B, C)),
    Case("a product of two towers", two_towers()),
    Case("a linear autoencoder", chain(linear(0, 64, 8), linear(1, 8, 64), loss="mse_loss")),
    Case(
        "a linear autoencoder with a layer too many", chain(linear(0, 64, 64), linear(1, 64, 8), linear(2, 8, 64), loss="mse_loss"), "error"
    ),
    Case(
        "convolutions and averages",
        chain(convolution(0, 1, 8, 3), "avg_pool2d", convolution(1, 8, 16, 3), "mean", linear(2, 16, 2)),
        "error",
    ),
    Case("an embedding and one layer", chain(replace(linear(0, 1000, 64), kind="embedding"), linear(1, 64, 4))),
    Case("a recurrent layer", chain(replace(A, kind="recurrent"), B, C)),
    Case("a layer used twice", chain(A, B, B, C)),
    Case("a graph cut short", truncated(chain(A, B, C))),
    Case(
        "every unit always on",
        stack([Stage("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=40)], inputs=20, classes=2),
        "error",
        line=31,
    ),
    Case("all but one always on", stack([Stage("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=39)], inputs=20, classes=2)),
)
