"""RL102 from both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reluctant.recording import Graph, Layer, Location, Loss, Node, Parameter, Recording, Site
from tests.rules.cases import Case

SCRIPT = "/home/ada/train.py"
Step = tuple[str, ...]


def linear(number: int, fan_in: int, fan_out: int) -> Layer:
    place = Location(SCRIPT, 10 + number)
    return Layer(
        number,
        "linear",
        f"fc{number}",
        place=place,
        weight=number,
        bias=100 + number,
        fan_in=fan_in,
        fan_out=fan_out,
        weight_shape=(fan_out, fan_in),
    )


def convolution(number: int, channels: int, out: int, kernel: int, groups: int = 1) -> Layer:
    shape = (out, channels // groups, kernel, kernel)
    place = Location(SCRIPT, 10 + number)
    return Layer(
        number,
        "convolution",
        f"conv{number}",
        place=place,
        weight=number,
        fan_in=channels // groups * kernel * kernel,
        fan_out=out,
        weight_shape=shape,
        groups=groups,
    )


def chain(*parts: Layer | str, loss: str = "cross_entropy", more: Sequence[Node] = (), **changes: object) -> Recording:
    """A graph in which the parts follow one another from the data to the loss; a word is the operation of a node without weights.

    Node 0 is the loss, node 1 the last part, and so on back to the data. A word ending in ``!`` is an activation.
    """
    nodes = [Node(0, loss, "loss", (1,), loss=0)]
    sites, layers = [], []
    for number, part in enumerate(reversed(parts), start=1):
        if isinstance(part, Layer):
            nodes.append(Node(number, "addmm" if part.kind == "linear" else part.kind, "weight", (number + 1,), layer=part.id))
            layers.append(part)
        elif part.endswith("!"):
            sites.append(Site(len(sites), part[:-1], role="output" if number == 1 else "hidden", place=Location(SCRIPT, 50 + number)))
            nodes.append(Node(number, part[:-1], "activation", (number + 1,), site=len(sites) - 1))
        else:
            nodes.append(Node(number, part, KINDS.get(part, "affine"), (number + 1,)))
    nodes.append(Node(len(parts) + 1, "data", "data"))
    extra = {node.id: node for node in more}
    nodes = [extra.pop(node.id, node) for node in nodes] + list(extra.values())
    unique = {layer.id: layer for layer in layers}
    parameters = tuple(Parameter(layer.id, f"{layer.name}.weight", layer.weight_shape) for layer in unique.values())
    recording = Recording(
        script=SCRIPT,
        graphs=(Graph(0, 100, nodes=tuple(nodes)),),
        sites=tuple(sites),
        layers=tuple(unique.values()),
        parameters=parameters,
        losses=(Loss(0, loss, place=Location(SCRIPT, 40), graph=0, node=0, scores=1, classes=2),),
    )
    return replace(recording, **changes)


KINDS = {
    "max_pool2d": "pooling", "mul": "product", "softmax": "opaque", "dropout": "dropout", "native_batch_norm": "normalisation",
    "native_layer_norm": "normalisation", "pow": "elementwise",
}  # fmt: skip

BENT = ("relu!",)
PAIR = (linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 32, 4))


def shared(recording: Recording) -> Recording:
    return replace(recording, parameters=tuple(replace(parameter, shared=2) for parameter in recording.parameters))


def branching() -> Recording:
    """The value between the two layers is also added to their output: a residual connection."""
    return chain(
        linear(0, 8, 32),
        *BENT,
        linear(1, 32, 32),
        linear(2, 32, 32),
        "add",
        *BENT,
        linear(3, 32, 4),
        more=[Node(3, "add", "affine", (4, 5))],
    )


CASES = (
    Case("two linear layers", chain(*PAIR), "warning", "missing-activation", line=11),
    Case("an activation between", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), *BENT, linear(2, 32, 4))),
    Case(
        "as large as the merged layer",
        chain(linear(0, 8, 16), *BENT, replace(linear(1, 16, 8), bias=None), replace(linear(2, 8, 16), bias=None)),
    ),
    Case("a low-rank factorisation", chain(linear(0, 8, 64), *BENT, linear(1, 64, 8), linear(2, 8, 64), *BENT, linear(3, 64, 2))),
    Case("a code of full width", chain(linear(0, 8, 64), *BENT, linear(1, 64, 64), linear(2, 64, 64), *BENT, linear(3, 64, 2)), "warning"),
    Case("dropout between", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), "dropout", linear(2, 32, 4)), "warning"),
    Case("a batch norm between", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), "native_batch_norm", linear(2, 32, 4)), "warning"),
    Case("a layer norm between", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), "native_layer_norm", linear(2, 32, 4))),
    Case("max pooling between", chain(convolution(0, 3, 8, 3), *BENT, convolution(1, 8, 8, 1), "max_pool2d", convolution(2, 8, 8, 1))),
    Case("the values of a memory", chain(linear(0, 8, 32), "softmax!", linear(1, 32, 32), linear(2, 32, 4))),
    Case("attention between", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), "mul", linear(2, 32, 4))),
    Case(
        "3x3 then 1x1",
        chain(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 12, 3), convolution(2, 12, 12, 1), *BENT, linear(3, 12, 2)),
        "warning",
    ),
    Case(
        "3x3 twice is smaller than 5x5",
        chain(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 8, 3), convolution(2, 8, 8, 3), *BENT, linear(3, 8, 2)),
    ),
    Case(
        "depthwise then pointwise",
        chain(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 8, 3, groups=8), convolution(2, 8, 16, 1), *BENT, linear(3, 16, 2)),
    ),
    Case(
        "an inverted residual's bottleneck",
        chain(convolution(0, 1, 48, 1), *BENT, convolution(1, 48, 8, 1), convolution(2, 8, 48, 1), *BENT, linear(3, 48, 2)),
    ),
    Case(
        "convolution, average, linear", chain(convolution(0, 1, 8, 3), *BENT, convolution(1, 8, 16, 3), "mean", linear(2, 16, 2)), "warning"
    ),
    Case(
        "3x3, average pooling, 1x1",
        chain(convolution(0, 1, 8, 1), *BENT, convolution(1, 8, 12, 3), "avg_pool2d", convolution(2, 12, 12, 1)),
    ),
    Case(
        "1x1, upsampling, 3x3",
        chain(convolution(0, 1, 8, 1), *BENT, convolution(1, 8, 12, 1), "upsample", convolution(2, 12, 12, 3)),
        "warning",
    ),
    Case("linear on each token, then on all", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 160, 4)), "warning"),
    Case("linear on other units than the first gives", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(2, 50, 4))),
    Case("the middle is used twice", branching()),
    Case("a shared weight", shared(chain(*PAIR))),
    Case("a layer used twice", chain(linear(0, 8, 32), *BENT, linear(1, 32, 32), linear(1, 32, 32), *BENT, linear(2, 32, 4))),
    Case("an embedding before", chain(replace(linear(0, 1000, 16), kind="embedding"), linear(1, 16, 4))),
)
