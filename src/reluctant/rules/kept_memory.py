"""RL601 kept-memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reluctant.activations import Activation, Gated, definitions, find
from reluctant.numbers import memory
from reluctant.recording import Finding, Graph, Layer, Location, Node, Optimizer, Parameter, Recording, Site
from reluctant.recording.example import SCRIPT

from ._graph import Structure
from ._network import Network, build_network, place_of, where
from ._output_head import named
from ._rule import Rule
from .testing import Expected, RuleCase

LARGEST = 3
"""So many activations a message names."""

JOINED = "A reluctant.nn.LinearActivation in the place of activation and linear layer keeps one side of the activation."
FROM_OUTPUT = "The modules of reluctant.nn need the output alone, which the next layer keeps anyway, where their kernels are compiled."
GATED = "The gated pairs of reluctant.nn keep the two inputs alone, where their kernels are compiled."


@dataclass(frozen=True, slots=True)
class Saving:
    """Bytes that one activation keeps for backward beside what it needs."""

    site: Site
    kept_bytes: int
    way: str
    """What keeps fewer."""


class KeptMemory(Rule):
    """Activations keep memory for backward that they do not need.

    ## What it does

    Adds up what autograd keeps at activations in one pass, from the first layer to the loss, and which of these tensors could be spared
    with the same results.

    ## Why is this bad?

    What is kept between forward and backward limits the size of the batch and of the network. Most activations of PyTorch keep their
    input, and a linear or convolution layer after them keeps their output as well: the same information twice.

    ## How it decides

    By the bytes that were seen to be kept, and by the graph. Three things count. An activation whose output goes to one linear layer
    and nowhere else needs one side of the two: the output can be computed again from the input. An activation in float32 on the
    processor whose slope follows from its output (ELU, SELU, CELU, leaky ReLU, softplus, hardtanh …) needs no input where a
    layer keeps the output, and nothing else keeps the input. A gate (SiLU or GELU times another value) on the processor need not keep
    the gate's output. Tensors that checkpointing or other hooks decide about are left out, and so are layers whose weight is
    frozen, which keep no input. Advice is given from 256 MiB in one pass on, and from a twentieth of what weights, gradients and the
    optimizer's state take: below that no larger batch fits for it.

    ## Remedy

    `reluctant.lean(model, join_linear=True)` after the model is built exchanges what it can and lists the rest;
    `reluctant.nn.LinearActivation`, `reluctant.nn.ELU` and the others can also be written in the model. `reluctant info`
    tells which activations have kernels on a machine. A LinearActivation computes the activation once more in backward.

    ## When to ignore it

    When memory is not what limits you, or when the model is compiled with `torch.compile` for training, which decides itself what is
    computed again.

    ## Sources

    Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost" (2016), arXiv:1604.06174; Rota Bulò, Porzi,
    Kontschieder, "In-Place Activated BatchNorm for Memory-Optimized Training of DNNs" (CVPR 2018), arXiv:1712.02616.
    """

    code = "RL601"
    severity = "advice"
    harms_loss = False
    exact = True

    LEAST_BYTES = 1 << 28
    """256 MiB are a thirty-second of 8 GB, which the smallest cards in wide use have: less does not decide whether a batch fits."""
    LEAST_SHARE = 0.05
    """Of what weights, gradients and the optimizer's state take: a twentieth is what a step to the next larger batch asks for at least."""

    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(16384, 16)
y = x.square().sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(16, 4096), nn.GELU(), nn.Linear(4096, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
for step in range(3):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("from torch import nn", "from reluctant.nn import LinearActivation\nfrom torch import nn").replace(
        "nn.GELU(), nn.Linear(4096, 1)", 'LinearActivation(4096, 1, "gelu")'
    )

    def check(self, recording: Recording) -> Iterator[Finding]:
        """One finding for the kind of pass that keeps most, at the activation that keeps most of it."""
        network = build_network(recording)
        passes = [list(_savings(network, structure)) for structure in network.structures if not structure.graph.truncated]
        savings = max(passes, key=_total, default=[])
        total = _total(savings)
        if total < self.LEAST_BYTES or total < self.LEAST_SHARE * _fixed_bytes(recording):
            return
        savings.sort(key=lambda saving: -saving.kept_bytes)
        ways = dict.fromkeys(saving.way for saving in savings)
        yield self.finding(
            f"In each pass autograd keeps {memory(total)} for activations beside what they need: {_listed(savings)}. {' '.join(ways)}",
            place_of(savings[0].site),
            layer=savings[0].site.after,
            site=savings[0].site.id,
            evidence={"spared_bytes": total, "sites": len(savings), "bytes_by_line": {where(s.site): s.kept_bytes for s in savings}},
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        MIB = 1 << 20

        SHAPE = (16384, 4096)

        def feedforward(
            operation: str = "gelu",
            kept: int = 256 * MIB,
            *,
            after: str = "addmm",
            kind: Literal["linear", "convolution"] = "linear",
            device: str = "cpu",
            kept_type: str = "float32",
            weight: int | None = 1,
            extra: tuple[Node, ...] = (),
            spelling: str = "module",
            width: int = 4096,
            **parameters: float,
        ) -> Recording:
            """Layer, activation, layer, loss; the second layer is node 1, the activation 2, the first layer 3."""
            site = Site(
                0, operation, parameters, spelling, Location(SCRIPT, 22), layer=0, after="fc1", kept_input_bytes=kept, kept_type=kept_type
            )
            layers = (Layer(0, "linear", "fc1", weight=0), Layer(1, kind, "fc2", weight=weight))
            nodes = (
                Node(0, "mse_loss", "loss", (1,)),
                Node(1, after, "weight", (2,), layer=1),
                Node(2, operation, "activation", (3,), SHAPE, site=0),
                Node(3, "addmm", "weight", (), SHAPE, layer=0),
                *extra,
            )
            sizes = (Parameter(0, "fc1.weight", (width, 16)), Parameter(1, "fc2.weight", (1, width)))
            return Recording(script=SCRIPT, sites=(site,), layers=layers, parameters=sizes, graphs=(Graph(0, nodes=nodes),), device=device)

        def gated(other_path: bool = True, device: str = "cpu", operation: str = "silu") -> Recording:
            """SiLU(a) · b, then a layer."""
            made = feedforward(operation, device=device)
            (graph,) = made.graphs
            product = Node(5, "mul", "product", (2, 6) if other_path else (2,), SHAPE)
            nodes = tuple(replace(node, inputs=(5,)) if node.id == 1 else node for node in graph.nodes)
            return replace(made, graphs=(replace(graph, nodes=(*nodes, product, Node(6, "addmm", "weight", (), SHAPE))),))

        def with_optimizer(recording: Recording, kind: str) -> Recording:
            return replace(recording, optimizers=(Optimizer(0, kind),))

        BESIDE = Node(4, "add", "affine", (2,), SHAPE)

        RESIDUAL = Node(4, "add", "affine", (3,), SHAPE)

        def several(count: int) -> Recording:
            """So many activations, each with a layer before and after it."""
            made = feedforward()
            shapes = ("addmm", "weight"), ("gelu", "activation")
            nodes = [Node(0, "mse_loss", "loss", (1,))]
            for number in range(1, 2 * count + 2):
                operation, kind = shapes[(number + 1) % 2]
                own = {"layer": number // 2} if number % 2 else {"site": number // 2 - 1}
                nodes.append(Node(number, operation, kind, (number + 1,), SHAPE, **own))  # type: ignore[arg-type]
            sites = tuple(replace(made.sites[0], id=number, place=Location(SCRIPT, 22 + number)) for number in range(count))
            layers = tuple(Layer(number, "linear", f"fc{number}", weight=0) for number in range(count + 1))
            return replace(made, sites=sites, layers=layers, graphs=(Graph(0, nodes=tuple(nodes)),))

        return (
            RuleCase(
                "gelu before a linear layer", feedforward(),
                Expected(
                    "advice", line=22, layer="fc1", site=0, treatments=(),
                    message="In each pass autograd keeps 268 MB for activations beside what they need: 268 MB for the gelu after fc1 "
                    "(train.py:22). A reluctant.nn.LinearActivation in the place of activation and linear layer keeps one side of "
                    "the activation.",
                    evidence={"spared_bytes": 268435456, "sites": 1, "bytes_by_line": {"train.py:22": 268435456}},
                ),
            ),
            RuleCase("a byte less", feedforward(kept=256 * MIB - 1)),
            RuleCase("of any type", feedforward(kept_type="bfloat16", device="cuda:0"), Expected("advice", line=22)),
            RuleCase("frozen layer after it", feedforward(weight=None)),
            RuleCase("output used twice", feedforward(extra=(BESIDE,))),
            RuleCase("input used twice", feedforward(extra=(RESIDUAL,)), Expected("advice", line=22)),
            RuleCase("inside a module of torch's", feedforward(spelling="inside")),
            RuleCase("already joined", feedforward(after="lean_linear")),
            RuleCase("before a convolution", feedforward(after="convolution", kind="convolution")),
            RuleCase(
                "elu before a convolution", feedforward("elu", after="convolution", kind="convolution", alpha=1.0),
                Expected(
                    "advice", line=22, layer="fc1", site=0,
                    message="In each pass autograd keeps 268 MB for activations beside what they need: 268 MB for the elu after fc1 "
                    "(train.py:22). The modules of reluctant.nn need the output alone, which the next layer keeps anyway, where "
                    "their kernels are compiled.",
                    evidence={"spared_bytes": 268435456, "sites": 1, "bytes_by_line": {"train.py:22": 268435456}},
                ),
            ),
            RuleCase(
                "elu before a convolution on a card",
                feedforward("elu", after="convolution", kind="convolution", device="cuda:0", alpha=1.0),
            ),
            RuleCase(
                "elu in half before a convolution",
                feedforward("elu", after="convolution", kind="convolution", kept_type="bfloat16", alpha=1.0),
            ),
            RuleCase("elu below 0 before a convolution", feedforward("elu", after="convolution", kind="convolution", alpha=-1.0)),
            RuleCase(
                "elu whose input is used twice", feedforward("elu", after="convolution", kind="convolution", extra=(RESIDUAL,), alpha=1.0),
            ),
            RuleCase("relu, which keeps its output", feedforward("relu", kept=0)),
            RuleCase("relu by clamp, which torch.relu would mend", feedforward("relu")),
            RuleCase(
                "rrelu", feedforward("rrelu", lower=0.125, upper=0.333),
                Expected(
                    "advice", line=22, layer="fc1", site=0,
                    message="In each pass autograd keeps 268 MB for activations beside what they need: 268 MB for the rrelu after "
                    "fc1 (train.py:22). The modules of reluctant.nn need the output alone, which the next layer keeps anyway, where "
                    "their kernels are compiled.",
                    evidence={"spared_bytes": 268435456, "sites": 1, "bytes_by_line": {"train.py:22": 268435456}},
                ),
            ),
            RuleCase("rrelu on a card", feedforward("rrelu", device="cuda:0", lower=0.125, upper=0.333)),
            RuleCase("no activation of the catalogue", feedforward("sin")),
            RuleCase(
                "swiglu by hand", gated(),
                Expected(
                    "advice", line=22, layer="fc1", site=0,
                    message="In each pass autograd keeps 268 MB for activations beside what they need: 268 MB for the silu after fc1 "
                    "(train.py:22). The gated pairs of reluctant.nn keep the two inputs alone, where their kernels are compiled.",
                    evidence={"spared_bytes": 268435456, "sites": 1, "bytes_by_line": {"train.py:22": 268435456}},
                ),
            ),
            RuleCase("swiglu by hand on a card", gated(device="cuda:0")),
            RuleCase("scaled by data", gated(other_path=False)),
            # 256 MiB are a twentieth of 5 GiB: of 640 Mi weights with their gradients, of 320 Mi with Adam's state beside them.
            RuleCase("beside many weights", feedforward(width=37 * MIB), Expected("advice", line=22)),
            RuleCase("beside more weights", feedforward(width=38 * MIB)),
            RuleCase("beside many weights and Adam", with_optimizer(feedforward(width=18 * MIB), "AdamW"), Expected("advice", line=22)),
            RuleCase("beside more weights and Adam", with_optimizer(feedforward(width=19 * MIB), "AdamW")),
            RuleCase("truncated graph", replace(feedforward(), graphs=(replace(feedforward().graphs[0], truncated=True),))),
            RuleCase(
                "four at once", several(4),
                Expected(
                    "advice", line=22,
                    message="In each pass autograd keeps 1.1 GB for activations beside what they need: 268 MB for the gelu after fc1 "
                    "(train.py:22), 268 MB for the gelu after fc1 (train.py:23), 268 MB for the gelu after fc1 (train.py:24) and 1 more. A "
                    "reluctant.nn.LinearActivation in the place of activation and linear layer keeps one side of the activation.",
                ),
            ),
            RuleCase("elu times another path", gated(operation="elu")),
        )


def _total(savings: list[Saving]) -> int:
    return sum(saving.kept_bytes for saving in savings)


def _savings(network: Network, structure: Structure) -> Iterator[Saving]:
    """What the activations of one kind of pass could spare; each must do so at all its places in the graph, and in one way."""
    nodes: dict[int, list[Node]] = {}
    for node in structure.nodes.values():
        if node.site is not None:
            nodes.setdefault(node.site, []).append(node)
    for number, places in nodes.items():
        site = network.sites.get(number)
        activation = find(site.operation, site.parameters) if site is not None and site.kept_input_bytes else None
        if site is None or activation is None or "input" not in activation.torch_keeps:
            continue
        ways = {_way(network, structure, node, site, activation) for node in places}
        way = ways.pop()
        if way and not ways:
            yield Saving(site, site.kept_input_bytes, way)


def _way(network: Network, structure: Structure, node: Node, site: Site, activation: Activation) -> str:
    """How one of the two sides of an activation can be spared; empty where it cannot."""
    after = [structure.nodes[consumer] for consumer in structure.consumers[node.id]]
    in_reach = site.spelling != "inside" and not activation.drawn
    if len(after) == 1 and _keeps_its_input(network, after[0], ("linear",)) and in_reach:
        return JOINED
    if network.recording.device != "cpu":
        return ""
    if len(after) == 1 and after[0].operation == "mul" and len(set(after[0].inputs)) == 2 and _is_gate(activation):
        return GATED
    output_is_kept = any(_keeps_its_input(network, one, ("linear", "convolution")) for one in after)
    if output_is_kept and site.kept_type == "float32" and activation.output_suffices and not _is_kept_by_others(structure, node):
        return FROM_OUTPUT
    return ""


def _keeps_its_input(network: Network, node: Node, kinds: tuple[str, ...]) -> bool:
    """Whether the node is a layer of one of these kinds that keeps its input: one with a weight that is trained."""
    layer: Layer | None = network.layers.get(node.layer) if node.layer is not None else None
    return (
        node.kind == "weight"
        and node.operation != "lean_linear"
        and layer is not None
        and layer.kind in kinds
        and layer.weight is not None
        and len(node.inputs) == 1
    )


def _is_kept_by_others(structure: Structure, node: Node) -> bool:
    """Whether the activation's input may be kept by something else: it goes elsewhere too, or what made it may keep its output."""
    if len(node.inputs) != 1 or node.inputs[0] not in structure.nodes:
        return True
    before = structure.nodes[node.inputs[0]]
    return structure.consumers[before.id] != (node.id,) or before.kind not in ("weight", "normalisation", "affine")


def _is_gate(activation: Activation) -> bool:
    return any(issubclass(pair, Gated) and pair.gate == activation for pair in definitions().values())


def _fixed_bytes(recording: Recording) -> int:
    """What weights, gradients and the optimizer's state take, in float32."""
    states = 2 if any("Adam" in optimizer.type for optimizer in recording.optimizers) else 0
    momentum = any(group.momentum for optimizer in recording.optimizers for group in optimizer.groups)
    each = 2 + (states or int(momentum))
    return 4 * each * sum(math.prod(parameter.shape) for parameter in recording.parameters)


def _listed(savings: list[Saving]) -> str:
    """The largest, and how many there are beside them."""
    parts = [f"{memory(saving.kept_bytes)} for the {named(saving.site)} ({where(saving.site)})" for saving in savings[:LARGEST]]
    if len(savings) > LARGEST:
        parts.append(f"{len(savings) - LARGEST} more")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
