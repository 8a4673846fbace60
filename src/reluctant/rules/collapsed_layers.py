"""RL102: weight layers in series that are one affine map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.numbers import count
from reluctant.recording import Cause, Finding, Node, NotJudged, Recording
from reluctant.recording.example import twice

from ._affine_pairs import Pair, affine_pairs
from ._network import build_network, label, place_of
from ._rule import Rule
from .testing import Expected, RuleCase, convolution, linear, series


class CollapsedLayers(Rule):
    """Weight layers follow one another with only affine operations between, and a single layer that is no larger does the same.

    ## What it does

    Finds two linear or convolutional layers in series with nothing between them but views, averages, additions of constants,
    dropout or batch normalisation, and compares their size with that of the one layer that equals them.

    ## Why is this bad?

    W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂): two affine maps in a row are one affine map. The second layer adds parameters and
    time but nothing that a single layer could not compute. In most scripts an activation was meant to stand between them.

    ## How it decides

    From the graph and the shapes alone. No finding where the merged layer would be larger: a low-rank factorisation, a linear
    bottleneck or code, an inverted residual, a LoRA pair, a depthwise convolution with a pointwise one are smaller than what
    they replace, and on purpose. No finding where the value in between is used elsewhere too, where a layer is used twice or
    shares its weight, or where a pooling by maximum, a product, an attention or a layer normalisation lies between.

    ## Remedy

    Put an activation between the layers, or replace them by one.

    ## When to ignore it

    In studies of deep linear networks, whose training dynamics differ from those of a single layer.

    ## References

    Baldi and Hornik, "Neural networks and principal component analysis", Neural Networks 2 (1989). Saxe, McClelland and
    Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014, arXiv:1312.6120.
    """

    code = "RL102"
    severity = "warning"
    harms_loss = False
    follows_from = ("RL101",)

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each chain of redundant pairs."""
        for chain in _chains([pair for pair in affine_pairs(build_network(recording)) if pair.is_redundant]):
            layers = [chain[0].first, *(pair.second for pair in chain)]
            names = " → ".join(label(layer) for layer in layers)
            pair = chain[0]
            both = f"{label(pair.first)} and {label(pair.second)}"
            yield self.finding(
                f"{names}: nothing but affine operations between, so {len(layers)} layers act as one. The {count(pair.parameters)} "
                f"parameters of {both} compute what one layer of {count(pair.merged)} does.",
                place_of(pair.first),
                layer=pair.first.name,
                cause=Cause("missing-activation", f"no activation stands between {both}"),
                evidence={"layers": [layer.name for layer in layers], "parameters": pair.parameters, "merged_parameters": pair.merged},
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(100):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace(", nn.Linear(32, 2)", ", nn.ReLU(), nn.Linear(32, 2)")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        BENT = ("relu!",)

        PAIR = (linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 32, 4))

        def shared(recording: Recording) -> Recording:
            return replace(recording, parameters=tuple(replace(parameter, shared=2) for parameter in recording.parameters))

        def branching() -> Recording:
            """The value between the two layers is also added to their output: a residual connection."""
            return series(
                linear(0, 8, 32),
                *BENT,
                linear(1, 32, 32),
                linear(2, 32, 32),
                "add",
                *BENT,
                linear(3, 32, 4),
                more=[Node(3, "add", "affine", (4, 5))],
            )

        return (
            RuleCase(
                "two linear layers", series(*PAIR),
                Expected(
                    "warning", "missing-activation", 11, layer="fc1", treatments=("insert-activation:relu",),
                    message="fc1 → fc2: nothing but affine operations between, so 2 layers act as one. The 1,188 parameters of fc1 "
                    "and fc2 compute what one layer of 132 does.",
                    evidence={"layers": ["fc1", "fc2"], "parameters": 1188, "merged_parameters": 132},
                    because="no activation stands between fc1 and fc2",
                ),
            ),
            RuleCase("an activation between", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), *BENT, linear(2, 32, 4))),
            RuleCase(
                "as large as the merged layer",
                series(linear(0, 8, 16), *BENT, replace(linear(1, 16, 8), bias=None), replace(linear(2, 8, 16), bias=None)),
            ),
            RuleCase(
                "a low-rank factorisation", series(linear(0, 8, 64), *BENT, linear(1, 64, 8), linear(2, 8, 64), *BENT, linear(3, 64, 2)),
            ),
            RuleCase(
                "a code of full width", series(linear(0, 8, 64), *BENT, linear(1, 64, 64), linear(2, 64, 64), *BENT, linear(3, 64, 2)),
                Expected("warning", "missing-activation", 11),
            ),
            RuleCase(
                "dropout between", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), "dropout", linear(2, 32, 4)),
                Expected("warning", "missing-activation", 11),
            ),
            RuleCase(
                "a batch norm between", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), "native_batch_norm", linear(2, 32, 4)),
                Expected("warning", "missing-activation", 11),
            ),
            RuleCase("a layer norm between", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), "native_layer_norm", linear(2, 32, 4))),
            RuleCase(
                "max pooling between",
                series(convolution(0, 3, 8, 3), *BENT, convolution(1, 8, 8, 1), "max_pool2d", convolution(2, 8, 8, 1)),
            ),
            RuleCase("the values of a memory", series(linear(0, 8, 32), "softmax!", linear(1, 32, 32), linear(2, 32, 4))),
            RuleCase("attention between", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), "mul", linear(2, 32, 4))),
            RuleCase(
                "3x3 then 1x1",
                series(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 12, 3), convolution(2, 12, 12, 1), *BENT, linear(3, 12, 2)),
                Expected(
                    "warning", "missing-activation", 11, layer="conv1",
                    message="conv1 → conv2: nothing but affine operations between, so 2 layers act as one. The 1,008 parameters of "
                    "conv1 and conv2 compute what one layer of 876 does.",
                    evidence={"layers": ["conv1", "conv2"], "parameters": 1008, "merged_parameters": 876},
                    because="no activation stands between conv1 and conv2",
                ),
            ),
            RuleCase(
                "3x3 twice is smaller than 5x5",
                series(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 8, 3), convolution(2, 8, 8, 3), *BENT, linear(3, 8, 2)),
            ),
            RuleCase(
                "depthwise then pointwise",
                series(
                    convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 8, 3, groups=8), convolution(2, 8, 16, 1), *BENT, linear(3, 16, 2)
                ),
            ),
            RuleCase(
                "an inverted residual's bottleneck",
                series(convolution(0, 1, 48, 1), *BENT, convolution(1, 48, 8, 1), convolution(2, 8, 48, 1), *BENT, linear(3, 48, 2)),
            ),
            RuleCase(
                "convolution, average, linear", series(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 16, 3), "mean", linear(2, 16, 2)),
                Expected(
                    "warning", "missing-activation", 11, layer="conv1",
                    message="conv1 → fc2: nothing but affine operations between, so 2 layers act as one. The 1,186 parameters of "
                    "conv1 and fc2 compute what one layer of 146 does.",
                    evidence={"layers": ["conv1", "fc2"], "parameters": 1186, "merged_parameters": 146},
                    because="no activation stands between conv1 and fc2",
                ),
            ),
            RuleCase(
                "3x3, average pooling, 1x1",
                series(convolution(0, 1, 8, 1), *BENT, convolution(1, 8, 12, 3), "avg_pool2d", convolution(2, 12, 12, 1)),
            ),
            RuleCase(
                "1x1, upsampling, 3x3",
                series(convolution(0, 1, 8, 1), *BENT, convolution(1, 8, 12, 1), "upsample", convolution(2, 12, 12, 3)),
                Expected("warning", "missing-activation", 11),
            ),
            RuleCase(
                "linear on each token, then on all", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 160, 4)),
                Expected("warning", "missing-activation", 11),
            ),
            RuleCase("linear on other units than the first gives", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 50, 4))),
            RuleCase("the middle is used twice", branching()),
            RuleCase("a shared weight", shared(series(*PAIR))),
            RuleCase("a layer used twice", series(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(1, 32, 32), *BENT, linear(2, 32, 4))),
            RuleCase("an embedding before", series(replace(linear(0, 1000, 16), kind="embedding"), linear(1, 16, 4))),
            RuleCase(
                "a transposed convolution",
                series(
                    convolution(0, 1, 8, 3), *BENT, replace(convolution(1, 8, 12, 3), transposed=True), convolution(2, 12, 12, 1), *BENT,
                    linear(3, 12, 2),
                ),
            ),
            RuleCase(
                "two such networks", twice(series(*PAIR)),
                Expected("warning", "missing-activation", 11),
                Expected("warning", "missing-activation", 111),
            ),
        )


def _chains(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs that share a layer, joined to chains in network order."""
    chains: list[list[Pair]] = []
    for pair in pairs:
        joined = next((chain for chain in chains if chain[-1].second.id == pair.first.id), None)
        if joined is not None:
            joined.append(pair)
        else:
            chains.append([pair])
    return chains
