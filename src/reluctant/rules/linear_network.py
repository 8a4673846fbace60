"""RL101: a network that is one affine map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reluctant.numbers import count
from reluctant.recording import Cause, Finding, Layer, Node, NotJudged, Recording, Site
from reluctant.recording.example import StackLayer, stack, twice

from ._affine_pairs import affine_pairs, carrying, map_at, passes_straight, size_of
from ._causes import why_idle
from ._graph import Structure
from ._network import Network, build_network, label, place_of
from ._rule import Rule
from ._straightness import straight_line
from .testing import Expected, RuleCase, convolution, linear, series


class LinearNetwork(Rule):
    """From its input to its output the network is one affine map.

    ## What it does

    Follows every path from the values that the loss receives back to the data. Where two or more weight layers lie on the way
    and nothing that is not affine, the whole network can be written as one matrix and one bias.

    ## Why is this bad?

    f₃(f₂(f₁(x))) = W₃(W₂(W₁x + b₁) + b₂) + b₃ = W′x + b′. However deep it is, such a network separates classes by a plane and
    fits targets by a linear regression. With one activation between, stacked layers can approximate any continuous function.

    ## How it decides

    From the graph. Views, sums, constant factors, averages, dropout, and batch normalisation (constant once training is over)
    are affine; a product of two paths, a maximum, a norm, an attention are not, nor is anything whose kind is not known. An
    activation of straight pieces whose units all stay on one piece from the first step on (RL103) counts as affine, and says
    so. A softmax or sigmoid behind the last layer does not make the network non-linear: the border between its classes is still
    a plane. Silent for a single weight layer, for an embedding followed by one layer, and where every merging would enlarge the
    network: a linear autoencoder or a factorisation of low rank is linear on purpose. A layer used several times (a linear
    recurrence) is left alone too.

    ## Remedy

    Put an activation between the layers. If it is in the code, see that its result is used: ``F.relu(h)`` by itself changes
    nothing.

    ## When to ignore it

    In studies of deep linear networks.

    ## References

    Cybenko, "Approximation by superpositions of a sigmoidal function", Mathematics of Control, Signals and Systems 2 (1989).
    Leshno, Lin, Pinkus and Schocken, "Multilayer feedforward networks with a nonpolynomial activation function can approximate
    any function", Neural Networks 6 (1993).
    """

    code = "RL101"
    severity = "error"
    exact = True
    follows_from = ("RL103", "RL502")

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each linear network, however many losses it feeds."""
        network = build_network(recording)
        reported: set[int] = set()
        for structure, start in _outputs(network):
            found = _linear(network, structure, start)
            if found is None or found.layers[-1].id in reported or not _could_be_smaller(network, found):
                continue
            reported.add(found.layers[-1].id)
            parameters = sum(size_of(layer) for layer in found.layers)
            straight = found.idle[0] if found.idle else None
            names = ", ".join(label(layer) for layer in found.layers[:5]) + (" …" if len(found.layers) > 5 else "")
            yield self.finding(
                f"From input to output this network is one affine map: {len(found.layers)} weight layers ({names}) of {count(parameters)} "
                "parameters with no activation between" + (f" that bends anything ({_clause(straight)})." if straight else "."),
                place_of(straight or found.layers[0]),
                layer=found.layers[0].name,
                cause=_cause(network, straight),
                evidence={"layers": [layer.name for layer in found.layers], "parameters": parameters, "idle_activations": len(found.idle)},
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 2)
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(2, 32), nn.Linear(32, 32), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(100):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("nn.Linear(32, 32)", "nn.ReLU(), nn.Linear(32, 32), nn.ReLU()")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        A, B, C = linear(0, 8, 32), linear(1, 32, 32), linear(2, 32, 2)

        def truncated(recording: Recording) -> Recording:
            return replace(recording, graphs=(replace(recording.graphs[0], truncated=True),))

        def two_towers() -> Recording:
            """The output is the product of two linear towers."""
            towers = [
                Node(1, "mul", "product", (2, 5)), Node(2, "addmm", "weight", (3,), layer=1), Node(3, "addmm", "weight", (4,), layer=0),
                Node(4, "data", "data"), Node(5, "addmm", "weight", (6,), layer=2), Node(6, "data", "data"),
            ]  # fmt: skip
            return series(A, B, replace(C, fan_in=8), "mul", more=towers)

        return (
            RuleCase(
                "three layers", series(A, B, C),
                Expected(
                    "error", "missing-activation", 10, layer="fc0", treatments=("insert-activation:relu",),
                    message="From input to output this network is one affine map: 3 weight layers (fc0, fc1, fc2) of 1,410 "
                    "parameters with no activation between.",
                    evidence={"layers": ["fc0", "fc1", "fc2"], "parameters": 1410, "idle_activations": 0},
                    because="no activation lies on any path from the data to the output",
                ),
            ),
            RuleCase(
                "two layers", series(A, replace(C, fan_in=32)),
                Expected(
                    "error", "missing-activation", 10, layer="fc0",
                    message="From input to output this network is one affine map: 2 weight layers (fc0, fc2) of 354 parameters with "
                    "no activation between.",
                    evidence={"layers": ["fc0", "fc2"], "parameters": 354, "idle_activations": 0},
                ),
            ),
            RuleCase("one layer", series(linear(0, 8, 2))),
            RuleCase("an activation between", series(A, "relu!", B, C)),
            RuleCase("a softmax on the output", series(A, B, C, "softmax!"), Expected("error", "missing-activation", 10)),
            RuleCase("views, averages, dropout", series(A, "view", B, "dropout", "mean", C), Expected("error", "missing-activation", 10)),
            RuleCase("batch normalisation", series(A, "native_batch_norm", B, C), Expected("error", "missing-activation", 10)),
            RuleCase("layer normalisation", series(A, "native_layer_norm", B, C)),
            RuleCase("max pooling", series(convolution(0, 1, 8, 3), "max_pool2d", convolution(1, 8, 8, 3), linear(2, 128, 2))),
            RuleCase("a square", series(A, "pow", B, C)),
            RuleCase("a product of two towers", two_towers()),
            RuleCase("a linear autoencoder", series(linear(0, 64, 8), linear(1, 8, 64), loss="mse_loss")),
            RuleCase(
                "a linear autoencoder with a layer too many",
                series(linear(0, 64, 64), linear(1, 64, 8), linear(2, 8, 64), loss="mse_loss"),
                Expected("error", "missing-activation", 10),
            ),
            RuleCase(
                "convolutions and averages",
                series(convolution(0, 1, 8, 3), "avg_pool2d", convolution(1, 8, 16, 3), "mean", linear(2, 16, 2)),
                Expected(
                    "error", "missing-activation", 10, layer="conv0",
                    message="From input to output this network is one affine map: 3 weight layers (conv0, conv1, fc2) of 1,258 "
                    "parameters with no activation between.",
                    evidence={"layers": ["conv0", "conv1", "fc2"], "parameters": 1258, "idle_activations": 0},
                ),
            ),
            RuleCase("an embedding and one layer", series(replace(linear(0, 1000, 64), kind="embedding"), linear(1, 64, 4))),
            RuleCase("a recurrent layer", series(replace(A, kind="recurrent"), B, C)),
            RuleCase("a layer used twice", series(A, B, B, C)),
            RuleCase("a graph cut short", truncated(series(A, B, C))),
            RuleCase(
                "every unit always on",
                stack([StackLayer("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=40)], inputs=20, classes=2),
                Expected(
                    "error", "none", 31, layer="fc1", treatments=("normalise", "swap-activation:relu"),
                    message="From input to output this network is one affine map: 2 weight layers (fc1, head) of 922 parameters with "
                    "no activation between that bends anything (40 of 40 units are on for all of 1,280 samples).",
                    evidence={"layers": ["fc1", "head"], "parameters": 922, "idle_activations": 1},
                ),
            ),
            RuleCase(
                "all but one always on",
                stack([StackLayer("fc1", 40, 31, "x = torch.relu(self.fc1(x))", always_on=39)], inputs=20, classes=2),
            ),
            RuleCase(
                "a table of embeddings before two layers",
                series(replace(linear(0, 1000, 64), kind="embedding"), linear(1, 64, 64), linear(2, 64, 4)),
                Expected("error", "missing-activation", 11),
            ),
            RuleCase(
                "two such networks", twice(series(A, B, C)),
                Expected("error", "missing-activation", 10),
                Expected("error", "missing-activation", 110),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Linear:
    """Everything between the data and one output: affine layers, and activations that bend nothing."""

    layers: tuple[Layer, ...]
    idle: tuple[Site, ...]


def _outputs(network: Network) -> Iterator[tuple[Structure, int]]:
    """For each loss the node of its predictions, before an output activation; graphs cut short by their size are left out."""
    by_id = {structure.graph.id: structure for structure in network.structures}
    for loss in network.recording.losses:
        structure = by_id.get(loss.graph)
        if structure is None or structure.graph.truncated or loss.scores not in structure.nodes:
            continue
        start = loss.scores
        while structure.nodes[start].kind in ("activation", "affine") and len(carrying(structure, start)) == 1:
            start = carrying(structure, start)[0]
        yield structure, start


def _linear(network: Network, structure: Structure, start: int) -> _Linear | None:
    """What lies between the data and `start`, where all of it is affine and at least two weight layers are in series."""
    layers: list[Layer] = []
    sites: list[Site] = []
    for node in sorted({start} | structure.upstream(start), key=structure.position.__getitem__):
        found = structure.nodes[node]
        layer, site = map_at(network, found), network.sites.get(found.site) if found.site is not None else None
        if layer is not None and not passes_straight(found):
            layers.append(layer)
        elif found.kind == "activation" and site is not None and (line := straight_line(site)) and line.exact and line.from_start:
            sites.append(site)
        elif not (found.kind == "data" or passes_straight(found) or _is_embedding(network, found.layer)):
            return None
    tied = len({layer.id for layer in layers}) < len(layers)
    return None if tied or not _in_series(network, structure, layers) else _Linear(tuple(layers), tuple(sites))


def _is_embedding(network: Network, layer: int | None) -> bool:
    return layer is not None and layer in network.layers and network.layers[layer].kind in ("embedding", "batch_norm")


def _in_series(network: Network, structure: Structure, layers: list[Layer]) -> bool:
    """Whether the values of one of the layers flow into another of them."""
    spots = [
        tuple(spot for spot in network.spots(layer) if network.structures[spot.graph] is structure) for layer in layers
    ]
    return any(network.precedes(ones, others) for ones in spots for others in spots if ones is not others)


def _could_be_smaller(network: Network, found: _Linear) -> bool:
    """Whether some merging of the network's layers makes it no larger; idle activations count as gone."""
    ids = {layer.id for layer in found.layers}
    pairs = affine_pairs(network, frozenset(site.id for site in found.idle))
    if any(pair.is_redundant for pair in pairs if pair.first.id in ids and pair.second.id in ids):
        return True
    first, last = found.layers[0], found.layers[-1]
    return first.kind == "linear" and first.fan_in * last.fan_out + last.fan_out <= sum(size_of(layer) for layer in found.layers)


def _clause(site: Site) -> str:
    found = straight_line(site)
    return found.clause if found is not None else ""


def _cause(network: Network, straight: Site | None) -> Cause:
    if straight is None:
        return Cause("missing-activation", "no activation lies on any path from the data to the output")
    found = straight_line(straight)
    return Cause("activation-choice", found.clause) if found is not None and found.by_parameters else why_idle(network, straight)
