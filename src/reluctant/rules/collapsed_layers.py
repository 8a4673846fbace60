"""RL102: weight layers in series that are one affine map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reluctant.numbers import count
from reluctant.recording import Cause, Finding, NotJudged, Recording

from ._collapse import Pair, affine_pairs
from ._network import label, network, place_of
from ._rule import Rule


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
        for chain in _chains([pair for pair in affine_pairs(network(recording)) if pair.is_redundant]):
            layers = [chain[0].first, *(pair.second for pair in chain)]
            names = " → ".join(label(layer) for layer in layers)
            pair = chain[0]
            both = f"{label(pair.first)} and {label(pair.second)}"
            yield self.found(
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
    good = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(100):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''


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
