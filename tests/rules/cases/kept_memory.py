"""RL601 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Layer, Location, Node, Optimizer, Parameter, Recording, Site
from tests.recordings import SCRIPT, Graph
from tests.rules.cases import Case

MIB = 1 << 20
SHAPE = (16384, 4096)


def network(
    operation: str = "gelu",
    kept: int = 256 * MIB,
    *,
    after: str = "addmm",
    kind: str = "linear",
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


def gated(other_path: bool = True, device: str = "cpu") -> Recording:
    """SiLU(a) · b, then a layer."""
    made = network("silu", device=device)
    (graph,) = made.graphs
    product = Node(5, "mul", "product", (2, 6) if other_path else (2,), SHAPE)
    nodes = tuple(replace(node, inputs=(5,)) if node.id == 1 else node for node in graph.nodes)
    return replace(made, graphs=(replace(graph, nodes=(*nodes, product, Node(6, "addmm", "weight", (), SHAPE))),))


def with_optimizer(recording: Recording, kind: str) -> Recording:
    return replace(recording, optimizers=(Optimizer(0, kind),))


BESIDE = Node(4, "add", "affine", (2,), SHAPE)
RESIDUAL = Node(4, "add", "affine", (3,), SHAPE)
CASES = (
    Case("gelu before a linear layer", network(), "advice", line=22),
    Case("a byte less", network(kept=256 * MIB - 1)),
    Case("of any type", network(kept_type="bfloat16", device="cuda:0"), "advice"),
    Case("frozen layer after it", network(weight=None)),
    Case("output used twice", network(extra=(BESIDE,))),
    Case("input used twice", network(extra=(RESIDUAL,)), "advice"),
    Case("inside a module of torch's", network(spelling="inside")),
    Case("already joined", network(after="lean_linear")),
    Case("before a convolution", network(after="convolution", kind="convolution")),
    Case("elu before a convolution", network("elu", after="convolution", kind="convolution", alpha=1.0), "advice"),
    Case("elu before a convolution on a card", network("elu", after="convolution", kind="convolution", device="cuda:0", alpha=1.0)),
    Case("elu in half before a convolution", network("elu", after="convolution", kind="convolution", kept_type="bfloat16", alpha=1.0)),
    Case("elu below 0 before a convolution", network("elu", after="convolution", kind="convolution", alpha=-1.0)),
    Case("elu whose input is used twice", network("elu", after="convolution", kind="convolution", extra=(RESIDUAL,), alpha=1.0)),
    Case("relu, which keeps its output", network("relu", kept=0)),
    Case("relu by clamp, which torch.relu would mend", network("relu")),
    Case("rrelu", network("rrelu", lower=0.125, upper=0.333), "advice"),
    Case("rrelu on a card", network("rrelu", device="cuda:0", lower=0.125, upper=0.333)),
    Case("no activation of the catalogue", network("sin")),
    Case("swiglu by hand", gated(), "advice"),
    Case("swiglu by hand on a card", gated(device="cuda:0")),
    Case("scaled by data", gated(other_path=False)),
    # 256 MiB are a twentieth of 5 GiB: of 640 Mi weights with their gradients, of 320 Mi with Adam's state beside them.
    Case("beside many weights", network(width=37 * MIB), "advice"),
    Case("beside more weights", network(width=38 * MIB)),
    Case("beside many weights and Adam", with_optimizer(network(width=18 * MIB), "AdamW"), "advice"),
    Case("beside more weights and Adam", with_optimizer(network(width=19 * MIB), "AdamW")),
    Case("truncated graph", replace(network(), graphs=(replace(network().graphs[0], truncated=True),))),
)
