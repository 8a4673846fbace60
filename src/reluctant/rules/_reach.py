"""Which values a node of the graph can take, whatever the weights are: interval arithmetic over activations and constants."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reluctant.activations import Activation, Gated
from reluctant.recording import Node, Site

from . import _interval as iv
from ._curves import curve
from ._interval import EVERYWHERE, Interval

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


def reach(nodes: Mapping[int, Node], sites: Mapping[int, Site], node: int) -> Interval:
    """The values that `node` can take; everything where that is not known."""
    return _reach(nodes, sites, node, 0, {})


def _reach(nodes: Mapping[int, Node], sites: Mapping[int, Site], node: int, depth: int, known: dict[int, Interval]) -> Interval:
    """Each node is worked out once: in an unrolled recurrent network the number of paths doubles at every step."""
    if node in known:
        return known[node]
    found = nodes.get(node)
    if found is None or depth > DEEPEST or found.kind not in _FOLLOWED:
        return EVERYWHERE
    inputs = [_reach(nodes, sites, before, depth + 1, known) for before in found.inputs]
    known[node] = _share(inputs[0]) if _is_share(found, nodes) else _of_node(found, sites, inputs)
    return known[node]


_FOLLOWED = frozenset({"activation", "dropout", "affine", "pooling", "product", "elementwise"})


def _of_node(found: Node, sites: Mapping[int, Site], inputs: list[Interval]) -> Interval:
    if found.kind == "activation":
        return _image(sites.get(found.site) if found.site is not None else None, found.operation, inputs[0] if inputs else EVERYWHERE)
    if found.kind == "dropout":
        return _dropped(inputs[0] if inputs else EVERYWHERE)
    if found.kind in ("affine", "pooling"):
        return _affine(found, inputs)
    if found.kind == "product" and len(inputs) == 2:
        return iv.multiply(*inputs)
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


def _share(values: Interval) -> Interval:
    return Interval(0.0, 1.0) if values.lower >= 0.0 else EVERYWHERE


def keeps_values(node: Node) -> bool:
    """Whether the node only selects, averages or rearranges values."""
    return node.operation in SELECTIONS


def _affine(node: Node, inputs: list[Interval]) -> Interval:
    if keeps_values(node):
        return iv.hull(*inputs)
    if node.operation in ("add", "sub") and len(inputs) == 2:
        return iv.add(inputs[0], inputs[1], 1.0 if node.operation == "add" else -1.0)
    if len(inputs) != 1:
        return EVERYWHERE
    if node.operation == "neg":
        return iv.affine(inputs[0], -1.0, 0.0)
    if node.scale is not None and node.offset is not None:
        return iv.affine(inputs[0], node.scale, node.offset)
    if node.operation == "sum":
        return Interval(0.0 if inputs[0].lower >= 0.0 else -math.inf, 0.0 if inputs[0].upper <= 0.0 else math.inf)
    return EVERYWHERE


def _dropped(values: Interval) -> Interval:
    """Dropout sets values to 0 and scales up the rest, by a factor that is not known here."""
    return Interval(0.0 if values.lower >= 0.0 else -math.inf, 0.0 if values.upper <= 0.0 else math.inf)


def _elementwise(operation: str, values: Interval) -> Interval:
    match operation:
        case "exp":
            return iv.increasing(iv.exp, values)
        case "log":
            return iv.increasing(iv.log, values)
        case "log1p":
            return iv.increasing(lambda x: iv.log(1.0 + x), values)
        case "expm1":
            return iv.increasing(lambda x: iv.exp(x) - 1.0, values)
        case "sqrt":
            return iv.increasing(lambda x: math.sqrt(max(x, 0.0)), values)
        case "abs":
            squared = iv.square(values)
            return Interval(math.sqrt(squared.lower), math.sqrt(squared.upper))
        case "square":
            return iv.square(values)
        case "pow":
            return Interval(0.0, math.inf) if values.lower >= 0.0 else EVERYWHERE
        case "sin" | "cos":
            return Interval(-1.0, 1.0)
        case "atan":
            return iv.increasing(math.atan, values)
        case "erf":
            return iv.increasing(math.erf, values)
    return EVERYWHERE


def _image(site: Site | None, operation: str, values: Interval) -> Interval:
    """What an activation makes of `values`. A `maximum` that is one compares with 0."""
    name = site.operation if site else operation
    match name:
        case "softmax":
            return Interval(0.0, 1.0)
        case "log_softmax":
            return Interval(-math.inf, 0.0)
        case "logsigmoid" | "log_sigmoid":
            return iv.increasing(lambda x: -iv.softplus(-x), values)
        case "maximum":
            return iv.clip(values, 0.0, math.inf)
    known = curve(site) if site else None
    return _of_curve(known, values) if known is not None else _elementwise(name, values)


def _of_curve(known: Activation, values: Interval) -> Interval:
    """The range of a catalogue's activation over `values`: from the ends where it is monotone."""
    if isinstance(known, Gated) or known.learned or known.drawn:
        return EVERYWHERE
    traits = known.traits
    if traits.monotone:
        return iv.hull(*(Interval(end, end) for end in (known(values.lower), known(values.upper))))
    if values == EVERYWHERE:
        return Interval(traits.range.lower, traits.range.upper)
    return Interval(0.0 if values.lower >= 0.0 else traits.range.lower, max(known(values.lower), known(values.upper)))
