"""Which values a node of the graph can take, whatever the weights are: interval arithmetic over activations and constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reluctant.activations import Activation, Gated
from reluctant.recording import Node, Site

from ._activation_at import curve

Function = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values that something can take, whatever the weights are."""

    lower: float = -math.inf
    upper: float = math.inf

    @property
    def width(self) -> float:
        """Distance between the ends; infinite where one of them is."""
        return self.upper - self.lower

    @property
    def bounded_below(self) -> bool:
        """Whether values cannot fall without limit."""
        return self.lower > -math.inf

    @property
    def bounded_above(self) -> bool:
        """Whether values cannot grow without limit."""
        return self.upper < math.inf

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return self.bounded_below and self.bounded_above

    def __str__(self) -> str:
        low = f"[{self.lower:.3g}" if self.bounded_below else "(−∞"
        high = f"{self.upper:.3g}]" if self.bounded_above else "∞)"
        return f"{low}, {high}"


EVERYWHERE = ValueRange()


def hull(*intervals: ValueRange) -> ValueRange:
    """The smallest interval that holds all of `intervals`; everything where there are none."""
    if not intervals:
        return EVERYWHERE
    return ValueRange(min(one.lower for one in intervals), max(one.upper for one in intervals))


def add(one: ValueRange, other: ValueRange, sign: float = 1.0) -> ValueRange:
    """The values of ``x + sign * y``."""
    scaled = affine(other, sign, 0.0)
    return ValueRange(one.lower + scaled.lower, one.upper + scaled.upper)


def affine(interval: ValueRange, scale: float, offset: float) -> ValueRange:
    """The values of ``scale * x + offset``."""
    if scale == 0.0:
        return ValueRange(offset, offset)
    ends = (scale * interval.lower + offset, scale * interval.upper + offset)
    return ValueRange(min(ends), max(ends))


def multiply(one: ValueRange, other: ValueRange) -> ValueRange:
    """The values of ``x * y``, x and y being chosen freely."""
    ends = [_times(x, y) for x in (one.lower, one.upper) for y in (other.lower, other.upper)]
    return ValueRange(min(ends), max(ends))


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def increasing(function: Function, interval: ValueRange) -> ValueRange:
    """The values of an increasing `function`, which must accept the infinite ends."""
    return ValueRange(function(interval.lower), function(interval.upper))


def clip(interval: ValueRange, lower: float, upper: float) -> ValueRange:
    """The values of ``min(max(x, lower), upper)``."""
    return ValueRange(min(max(interval.lower, lower), upper), min(max(interval.upper, lower), upper))


def square(interval: ValueRange) -> ValueRange:
    """The values of an even function that grows with |x|, such as x² or |x| up to its scale; ends squared."""
    low, high = interval.lower**2, interval.upper**2
    return ValueRange(0.0 if interval.lower <= 0.0 <= interval.upper else min(low, high), max(low, high))


def sigmoid(x: float) -> float:
    """1 / (1 + e^−x), without overflow."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= -700.0 else 0.0


def softplus(x: float) -> float:
    """ln(1 + e^x), without overflow: also the loss of one logit that is x on the wrong side."""
    return x if x > 700.0 else math.log1p(math.exp(x))


def exp(x: float) -> float:
    """e^x, infinite where it overflows."""
    return math.inf if x > 700.0 else math.exp(x)


def log(x: float) -> float:
    """Natural logarithm of x; −∞ at and below 0."""
    return math.log(x) if x > 0.0 else -math.inf


DEEPEST = 64
"""Nodes to look through before a value counts as free: heads are a handful of operations deep."""

SELECTIONS = frozenset(
    {
        "view", "reshape", "reshape_alias", "unsafe_view", "squeeze", "unsqueeze", "select", "slice", "narrow", "index", "index_select",
        "gather", "take", "take_along_dim", "masked_select", "split", "split_with_sizes", "unbind", "chunk", "transpose", "t", "permute",
        "expand", "repeat", "repeat_interleave", "clone", "contiguous", "copy", "to_copy", "alias", "flatten", "unflatten", "unfold",
        "flip", "roll", "diagonal", "as_strided", "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool2d",
        "adaptive_avg_pool3d", "max", "min", "amax", "amin", "sort", "topk", "median", "cat", "stack", "max_pool2d_with_indices",
        "max_pool3d_with_indices", "adaptive_max_pool2d", "cummax",
    }
)  # fmt: skip
"""Operations whose output values lie among or between their inputs' values."""


def reach(nodes: Mapping[int, Node], sites: Mapping[int, Site], node: int) -> ValueRange:
    """The values that `node` can take; everything where that is not known."""
    return _reach(nodes, sites, node, 0, {})


def _reach(nodes: Mapping[int, Node], sites: Mapping[int, Site], node: int, depth: int, ranges: dict[int, ValueRange]) -> ValueRange:
    """Each node is worked out once: in an unrolled recurrent network the number of paths doubles at every step."""
    if node in ranges:
        return ranges[node]
    found = nodes.get(node)
    if found is None or depth > DEEPEST or found.kind not in _FOLLOWED:
        return EVERYWHERE
    inputs = [_reach(nodes, sites, before, depth + 1, ranges) for before in found.inputs]
    ranges[node] = _share(inputs[0]) if _is_share(found, nodes) else _of_node(found, sites, inputs)
    return ranges[node]


_FOLLOWED = frozenset({"activation", "dropout", "affine", "pooling", "product", "elementwise"})


def _of_node(found: Node, sites: Mapping[int, Site], inputs: list[ValueRange]) -> ValueRange:
    if found.kind == "activation":
        return _image(sites.get(found.site) if found.site is not None else None, found.operation, inputs[0] if inputs else EVERYWHERE)
    if found.kind == "dropout":
        return _dropped(inputs[0] if inputs else EVERYWHERE)
    if found.kind in ("affine", "pooling"):
        return _affine(found, inputs)
    if found.kind == "product" and len(inputs) == 2:
        return multiply(*inputs)
    if found.kind == "elementwise" and len(inputs) == 1:
        return _elementwise(found.operation, inputs[0])
    return EVERYWHERE


def _is_share(node: Node, nodes: Mapping[int, Node]) -> bool:
    """Whether the node divides values by their own sum, as a softmax written by hand does."""
    if node.operation != "div" or len(node.inputs) != 2:
        return False
    below = nodes.get(node.inputs[1])
    while below is not None and below.operation != "sum" and keeps_values(below) and len(below.inputs) == 1:
        below = nodes.get(below.inputs[0])
    return below is not None and below.operation == "sum" and below.inputs == node.inputs[:1]


def _share(values: ValueRange) -> ValueRange:
    return ValueRange(0.0, 1.0) if values.lower >= 0.0 else EVERYWHERE


def keeps_values(node: Node) -> bool:
    """Whether the node only selects, averages or rearranges values."""
    return node.operation in SELECTIONS


def _affine(node: Node, inputs: list[ValueRange]) -> ValueRange:
    if keeps_values(node):
        return hull(*inputs)
    if node.operation in ("add", "sub") and len(inputs) == 2:
        return add(inputs[0], inputs[1], 1.0 if node.operation == "add" else -1.0)
    if len(inputs) != 1:
        return EVERYWHERE
    if node.operation == "neg":
        return affine(inputs[0], -1.0, 0.0)
    if node.scale is not None and node.offset is not None:
        return affine(inputs[0], node.scale, node.offset)
    if node.operation == "sum":
        return ValueRange(0.0 if inputs[0].lower >= 0.0 else -math.inf, 0.0 if inputs[0].upper <= 0.0 else math.inf)
    return EVERYWHERE


def _dropped(values: ValueRange) -> ValueRange:
    """Dropout sets values to 0 and scales up the rest, by a factor that is not known here."""
    return ValueRange(0.0 if values.lower >= 0.0 else -math.inf, 0.0 if values.upper <= 0.0 else math.inf)


def _elementwise(operation: str, values: ValueRange) -> ValueRange:
    match operation:
        case "exp":
            return increasing(exp, values)
        case "log":
            return increasing(log, values)
        case "log1p":
            return increasing(lambda x: log(1.0 + x), values)
        case "expm1":
            return increasing(lambda x: exp(x) - 1.0, values)
        case "sqrt":
            return increasing(lambda x: math.sqrt(max(x, 0.0)), values)
        case "abs":
            squared = square(values)
            return ValueRange(math.sqrt(squared.lower), math.sqrt(squared.upper))
        case "square":
            return square(values)
        case "pow":
            return ValueRange(0.0, math.inf) if values.lower >= 0.0 else EVERYWHERE
        case "sin" | "cos":
            return ValueRange(-1.0, 1.0)
        case "atan":
            return increasing(math.atan, values)
        case "erf":
            return increasing(math.erf, values)
    return EVERYWHERE


def _image(site: Site | None, operation: str, values: ValueRange) -> ValueRange:
    """What an activation makes of `values`. A `maximum` that is one compares with 0."""
    name = site.operation if site else operation
    match name:
        case "softmax":
            return ValueRange(0.0, 1.0)
        case "log_softmax":
            return ValueRange(-math.inf, 0.0)
        case "logsigmoid" | "log_sigmoid":
            return increasing(lambda x: -softplus(-x), values)
        case "maximum":
            return clip(values, 0.0, math.inf)
    activation = curve(site) if site else None
    return _of_curve(activation, values) if activation is not None else _elementwise(name, values)


def _of_curve(activation: Activation, values: ValueRange) -> ValueRange:
    """The range of a catalogue's activation over `values`: from the ends where it is monotone."""
    if isinstance(activation, Gated) or activation.learned or activation.drawn:
        return EVERYWHERE
    traits = activation.traits
    if traits.monotone:
        return hull(*(ValueRange(end, end) for end in (activation(values.lower), activation(values.upper))))
    if values == EVERYWHERE:
        return ValueRange(traits.range.lower, traits.range.upper)
    return ValueRange(0.0 if values.lower >= 0.0 else traits.range.lower, max(activation(values.lower), activation(values.upper)))
