"""Turns one raw autograd graph into the reduced graph that is recorded, and says what to measure at which node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.autograd.graph import Node

from reluctant.activations import Gated
from reluctant.instrument import torch_private
from reluctant.recording import NodeKind

from . import _operations as ops
from ._activation_node import AXIS_NODES, kernel_activation, node_form, site_name
from ._autograd_graph import ACCUMULATE, RawGraph, RawNode
from ._call_stack import Origin, read_origin
from ._layer_record import LayerRecord
from ._loss_record import LossRecord
from ._mask import follows_sign, is_mask, output_of, saved_mask
from ._parameter_record import Role
from ._saved_tensor import is_packed, saved_tensor, saved_value
from ._site_record import SiteRecord

DATA = -1
"""Stands for an input without gradient while a graph is being reduced."""


@dataclass(slots=True)
class PlanNode:
    """A node of the reduced graph, still with what is needed to measure it."""

    raw: int
    """Position in the raw graph; -1 for data."""
    operation: str
    kind: NodeKind
    inputs: list[int]
    """Positions in the plan."""
    origin: Origin | None = None
    shape: tuple[int, ...] = ()
    parameters: dict[Role, int] = field(default_factory=dict)
    """Numbers of the parameters it uses, by part: weight, bias, slope, scale, shift."""
    computed: tuple[int, ...] = ()
    """Shape of the weight, where it is none of the parameters that receive a gradient: computed from them, or frozen."""
    data_input: bool = False
    """Whether what it works on carries no gradient."""
    scale: float | None = None
    offset: float | None = None
    loss_kind: str = ""
    members: list[int] = field(default_factory=list)
    """Positions in the raw graph of all the nodes that make up a loss function of many nodes."""
    handwritten: bool = False
    site: SiteRecord | None = None
    layer: LayerRecord | None = None
    loss: LossRecord | None = None
    function: str = ""
    scores: int | None = None
    """Position of the node whose values this loss compares."""


@dataclass(slots=True)
class GraphPlan:
    """The reduced graph of one signature. Leaves come first, the root is last."""

    nodes: list[PlanNode]
    root: int | None
    accumulators: list[tuple[int, int]]
    """(position in the raw graph, number of the parameter) of the nodes that hand gradients to parameters."""
    placed: int
    """How many of its nodes said where they were made."""
    truncated: bool
    scaled: bool = False
    """Whether a gradient scaler has multiplied the loss: the root keeps the factor."""
    passed_over: bool = False
    """Whether nothing is learned from such passes, nor measured: a compiled region hides what can be had by running it eagerly."""

    @property
    def learned(self) -> bool:
        """Whether it was made with call stacks."""
        return self.placed > 0


class _Reduction:
    """One pass over a raw graph, leaves first."""

    def __init__(self, raw: RawGraph, is_owned: Callable[[int], bool]) -> None:
        self.raw, self.is_owned = raw, is_owned
        self.nodes: list[PlanNode] = []
        self.at: list[int] = [DATA] * len(raw.nodes)
        self.only_parameters: list[int | None] = [None] * len(raw.nodes)
        """For nodes made of parameters alone: the number of the parameter."""
        self.from_data = [False] * len(raw.nodes)
        """For those: whether the leaf may be data whose gradient is asked for, being no `nn.Parameter`."""
        self.computed = [False] * len(raw.nodes)
        """For those: whether more was done to the parameter than to look at it from another side."""
        self.accumulators: list[tuple[int, int]] = []
        self.composites: dict[Any, int] = {}
        self.moved: set[int] = set()
        """Places that a loss function of many operations moved away from."""
        self.primaries: set[Any] = set()
        self.origins: list[Origin | None] = [None] * len(raw.nodes)

    def run(self) -> GraphPlan:
        for i, node in enumerate(self.raw.nodes):
            if node.name != ACCUMULATE:
                self.origins[i] = read_origin(node.node)
            if ops.operation_name(node.name) in ops.LOSSES and self.origins[i] is not None:
                self.primaries.add(_call(self.origins[i]))
        for i in range(len(self.raw.nodes) - 1, -1, -1):
            self._visit(i, self.raw.nodes[i])
        roots = [self.at[r] for r in self.raw.roots]
        root = next((r for r in roots if r != DATA), None)
        nodes, root = self._without_moved(root)
        placed = sum(origin is not None for origin in self.origins)
        first = self.origins[self.raw.roots[0]] if self.raw.roots else None
        return GraphPlan(nodes, root, self.accumulators, placed, self.raw.truncated, first is not None and first.scaled)

    def _visit(self, i: int, node: RawNode) -> None:
        if node.name == ACCUMULATE:
            number = self.raw.leaves[i]
            self.only_parameters[i] = number
            self.from_data[i] = not self.is_owned(number)
            self.accumulators.append((i, number))
            return
        name = ops.operation_name(node.name)
        given = [j for j in node.inputs if j is not None]
        of_parameters = bool(given) and all(self.only_parameters[j] is not None for j in given)
        if of_parameters and name not in ops.EMBEDDINGS and not self._uses_data(i, name, node):
            self.only_parameters[i] = self.only_parameters[given[0]]
            self.from_data[i] = all(self.from_data[j] for j in given)
            self.computed[i] = name not in ops.VIEWS or any(self.computed[j] for j in given)
            return
        self._reduce(i, name, node)

    def _uses_data(self, i: int, name: str, node: RawNode) -> bool:
        """Whether an operation on parameters also takes data: then it is a layer, no reparametrisation."""
        origin = self.origins[i]
        if origin is not None and origin.reparametrised:
            return False
        if name in ops.HIDDEN or (node.is_python and None in node.inputs):
            return True
        operands = _operands(name)
        given = [node.inputs[j] for j in operands if j < len(node.inputs)]
        return any(j is None or self.from_data[j] for j in given)

    def _reduce(self, i: int, name: str, node: RawNode) -> None:
        origin = self.origins[i]
        loss = self._loss_function(origin)
        if loss and self._loss(i, name, node, loss, origin):
            return
        if name in ops.MATRIX_PRODUCTS:
            self._matrix_product(i, name, node)
        elif name in ops.CONVOLUTIONS:
            self._layer(i, name, node, data=0, weight=1, bias=2)
        elif name in ops.NORMALISATIONS:
            self._layer(i, name, node, data=0, weight=1, bias=2, kind="normalisation")
        elif name in ops.EMBEDDINGS:
            self._layer(i, name, node, data=None, weight=0, bias=None)
        elif name in ops.RECURRENT:
            self._recurrent(i, name, node)
        elif name.startswith("clamp") and self._is_safeguard(node, origin):
            self._add(i, name, "elementwise", self._inputs(node)[:1])
        elif node.name in AXIS_NODES or node_form(node.name, node.node) is not None:
            slope = self._parameter(node.inputs[1]) if name == "prelu_kernel" else None
            self._add(i, name, "activation", self._inputs(node)[:1], parameters={} if slope is None else {"slope": slope})
        elif name in ops.LOSSES:
            self._loss(i, name, node, ops.LOSSES[name], origin)
        else:
            self._other(i, name, node)

    def _is_safeguard(self, node: RawNode, origin: Origin | None) -> bool:
        """A clamp inside another function of torch's, or of what cannot be negative, keeps a division or a logarithm safe."""
        inputs = self._inputs(node)
        return bool(origin is not None and origin.functions) or any(self.nodes[j].operation in ops.NOT_NEGATIVE for j in inputs[:1])

    def _other(self, i: int, name: str, node: RawNode) -> None:
        inputs = self._inputs(node)
        origin = self.origins[i]
        single = len(inputs) == 1
        if origin is not None and any(f in ops.DROPOUT_FUNCTIONS for f in origin.functions):
            called = next(f for f in origin.functions if f in ops.DROPOUT_FUNCTIONS)
            self._add(i, called, "dropout", inputs)
        elif name in ops.VIEWS and single:
            self.at[i] = inputs[0]
        elif name in ops.SELECTIONS:
            self._add(i, name, "affine", inputs)
        elif name == "add" and self._takes_bias(i, node, inputs):
            pass
        elif name in ops.AFFINE or (name in ops.VIEWS and inputs):
            scale, offset = _affine_constants(name, node) if single else (None, None)
            self._add(i, name, "affine", inputs, scale=scale, offset=offset)
        elif name == "mul":
            self._product(i, node, inputs)
        elif name == "div":
            self._quotient(i, node, inputs)
        elif name in ops.POOLING:
            self._where(i, name, node, inputs)
        elif name in ops.ATTENTION or name == "glu":
            self._add(i, name, "product", inputs)
        elif kernel_activation(node.node) is not None:
            self._kernel(i, node, inputs)
        elif node.is_python:
            given = [shape_of(self.raw.nodes[j].node) for j in node.inputs if j is not None]
            own = single and _is_users(node) and given == [shape_of(node.node)] != [()]
            called = type(node.node).__name__.removesuffix("Backward")
            self._add(i, f"custom:{called}" if own else name, "activation" if own else "opaque", inputs)
        elif not inputs:
            self._add(i, name, "opaque", inputs)
        else:
            self._add(i, name, "elementwise", inputs)

    def _kernel(self, i: int, node: RawNode, inputs: list[int]) -> None:
        """One of our own kernels: an activation with perhaps a learned slope, or a gated pair."""
        activation = kernel_activation(node.node)
        assert activation is not None
        if isinstance(activation, Gated):
            self._add(i, activation.name, "product", inputs)
            return
        slopes = self._parameters_of(i, node) if activation.learned else []
        self._add(i, site_name(activation), "activation", inputs[:1], parameters={"slope": slopes[0]} if slopes else {})

    def _where(self, i: int, name: str, node: RawNode, inputs: list[int]) -> None:
        """`maximum(x, 0)` and `where(x > 0, x, 0)` are ReLUs by another name; other selections choose between values."""
        if name == "maximum" and len(inputs) == 1 and _zero_alternative(node):
            self._add(i, "relu", "activation", inputs)
        elif name == "where" and len(inputs) == 1 and self._follows_sign(node, saved_mask(name, node.node)) is not False:
            self._add(i, "where", "activation", inputs)
        else:
            self._add(i, name, "pooling", inputs)

    def _follows_sign(self, node: RawNode, mask: torch.Tensor | None) -> bool | None:
        """Whether a mask follows the sign of the one input that it is put on."""
        below = next(j for j in node.inputs if j is not None)
        return follows_sign(mask, output_of(self.raw.nodes[below].node)) if mask is not None else None

    def _product(self, i: int, node: RawNode, inputs: list[int]) -> None:
        parameters = self._parameters_of(i, node)
        origin = self.origins[i]
        if len(inputs) != 1 or len([j for j in node.inputs if j is not None]) > 1 + len(parameters):
            self._add(i, "mul", "product", inputs)
        elif parameters:
            self._add(i, "mul", "affine", inputs, parameters={"scale": parameters[0]})
        else:
            other = "other" if node.inputs[0] is not None else "self"
            constant = _constant(node.node, other)
            if constant is not None:
                # What a gradient scaler multiplies with is taken out of everything that is recorded.
                scale = 1.0 if origin is not None and origin.scaled else constant
                self._add(i, "mul", "affine", inputs, scale=scale, offset=0.0)
            else:
                chooses = self._chooses_by_sign(node, saved_tensor(node.node, other))
                self._add(i, "mask" if chooses else "mul", "activation" if chooses else "product", inputs)

    def _chooses_by_sign(self, node: RawNode, factor: torch.Tensor | None) -> bool:
        """Whether a factor makes the hand-made ReLU ``x * (x > 0)``. Where x is not known, a tensor of booleans is taken for that."""
        if factor is None or not is_mask(factor, len(shape_of(node.node))):
            return False
        follows = self._follows_sign(node, factor)
        return factor.dtype == torch.bool if follows is None else follows

    def _parameters_of(self, i: int, node: RawNode) -> list[int]:
        """The parameters that an elementwise operation takes; a leaf as large as the result may be data, and is none."""
        axes = len(shape_of(self.raw.nodes[i].node))
        found = []
        for j in node.inputs:
            number = self._parameter(j)
            if j is not None and number is not None and not (self.from_data[j] and len(shape_of(self.raw.nodes[j].node)) >= axes > 1):
                found.append(number)
        return found

    def _quotient(self, i: int, node: RawNode, inputs: list[int]) -> None:
        if len(node.inputs) < 2 or node.inputs[1] is None:
            constant = _constant(node.node, "other")
            self._add(i, "div", "affine", inputs, scale=1.0 / constant if constant else None, offset=0.0 if constant else None)
        else:
            self._add(i, "div", "elementwise" if len(inputs) < 2 else "product", inputs)

    def _takes_bias(self, i: int, node: RawNode, inputs: list[int]) -> bool:
        """`x @ W + b`: the parameter that is added becomes the layer's bias and the addition is left out."""
        extra = self._parameters_of(i, node)
        if len(inputs) != 1 or not extra:
            return False
        below = self.nodes[inputs[0]]
        if below.kind != "weight":
            self._add(i, "add", "affine", inputs, scale=1.0)
            return True
        below.parameters.setdefault("bias", extra[0])
        self.at[i] = inputs[0]
        return True

    def _matrix_product(self, i: int, name: str, node: RawNode) -> None:
        first, second = _operands(name)
        bias = {"linear": 2, "lean_linear": 2}.get(name, 0 if first == 1 else None)
        # A leaf that may be data comes last as the weight.
        may_be_data = [j is not None and self.from_data[j] for j in (_input(node, second), _input(node, first))]
        pairs = ((first, second), (second, first))
        for data, weight in pairs if may_be_data[0] <= may_be_data[1] else reversed(pairs):
            j = _input(node, weight)
            if j is None or self.only_parameters[j] is None:
                continue
            if self.from_data[j] and node.inputs[data] is None and self._weight_of_module(i) is not None:
                break  # what a frozen layer is given
            self._layer(i, name, node, data=data, weight=weight, bias=bias)
            return
        inputs = self._inputs(node)
        if len(inputs) > 1 or None not in (node.inputs[first], node.inputs[second]):
            self._add(i, name, "product", inputs)
        else:
            self._constant_matrix(i, name, inputs)

    def _constant_matrix(self, i: int, name: str, inputs: list[int]) -> None:
        """A product with a matrix that carries no gradient: a frozen layer, where a module with a weight computes it, else affine."""
        weight = self._weight_of_module(i)
        if weight is None:
            self._add(i, name, "affine", inputs)
        else:
            self._add(i, name, "weight", inputs, computed=tuple(weight.shape), data_input=not inputs)

    def _weight_of_module(self, i: int) -> torch.Tensor | None:
        """The weight of the innermost running module."""
        origin = self.origins[i]
        module = next(iter(origin.modules), None) if origin is not None else None
        weight = getattr(module, "weight", None)
        return weight if isinstance(weight, torch.Tensor) else None

    def _layer(
        self, i: int, name: str, node: RawNode, *, data: int | None, weight: int, bias: int | None, kind: NodeKind = "weight"
    ) -> None:
        """Add a layer; `data`, `weight` and `bias` say which of its inputs these are."""
        entry = _input(node, data)
        inputs = [self.at[entry]] if entry is not None and self.at[entry] != DATA else []
        parts: tuple[Role, Role] = ("scale", "shift") if kind == "normalisation" else ("weight", "bias")
        made = self.nodes[self._add(i, name, kind, inputs, data_input=not inputs)]
        for part, position in zip(parts, (weight, bias), strict=True):
            j = _input(node, position)
            number = self._parameter(j)
            if j is not None and number is not None:
                made.parameters[part] = number
                if position == weight and self.computed[j]:
                    shape = shape_of(self.raw.nodes[j].node)
                    made.computed = shape[::-1] if self.raw.nodes[j].name == "TBackward0" else shape

    def _recurrent(self, i: int, name: str, node: RawNode) -> None:
        weight = next((number for j in node.inputs if (number := self._parameter(j)) is not None), None)
        made = self.nodes[self._add(i, name, "weight", self._inputs(node)[:1], data_input=node.inputs[0] is None)]
        if weight is not None:
            made.parameters["weight"] = weight

    def _parameter(self, position: int | None) -> int | None:
        """The number of the parameter that alone makes up a node of the raw graph; None where there is more to it."""
        return self.only_parameters[position] if position is not None else None

    def _loss_function(self, origin: Origin | None) -> str:
        return next((f for f in origin.functions if f in ops.LOSS_FUNCTIONS), "") if origin is not None else ""

    def _loss(self, i: int, name: str, node: RawNode, kind: str, origin: Origin | None) -> bool:
        """Place a node of a loss function; False when it is to be treated as any other operation."""
        inputs = self._inputs(node)
        if name == "log_softmax" and kind in ("cross_entropy", "linear_cross_entropy"):
            if _call(origin) in self.primaries:
                self.at[i] = inputs[0] if inputs else DATA
                return True
        elif name in ops.LOSSES:
            self._add(i, name, "loss", inputs, loss_kind=kind)
            return True
        elif _call(origin) in self.primaries or not inputs:
            return False
        key = (_call(origin), kind)
        if key in self.composites:
            self._join(i, name, key, inputs)
        else:
            self.composites[key] = self._add(i, kind, "loss", inputs, loss_kind=kind, members=[i])
        return True

    def _join(self, i: int, name: str, key: Any, inputs: list[int]) -> None:
        """Add one more operation to a loss function of many. What it takes must come before the loss, so the loss moves behind it."""
        made = self.composites[key]
        node = self.nodes[made]
        node.members.append(i)
        # What has used the loss already must stay behind it: then it is one line's second call, and what that takes is left out.
        movable = not any(made in other.inputs for other in self.nodes)
        new = [x for x in inputs if x != made and x not in node.inputs and (x < made or movable)]
        # Of the losses with several inputs, the mean of a Gaussian is the prediction: what the target is subtracted from.
        node.inputs = [*new, *node.inputs] if name == "sub" else [*node.inputs, *new]
        if any(x > made for x in new):
            self.moved.add(made)
            self.nodes.append(node)
            self.composites[key] = len(self.nodes) - 1
            self.at = [self.composites[key] if position == made else position for position in self.at]
        self.at[i] = self.composites[key]

    def _without_moved(self, root: int | None) -> tuple[list[PlanNode], int | None]:
        """The nodes less the places that losses moved away from, with their inputs numbered anew."""
        if not self.moved:
            return self.nodes, root
        kept = [position for position in range(len(self.nodes)) if position not in self.moved]
        number = {position: n for n, position in enumerate(kept)}
        nodes = [self.nodes[position] for position in kept]
        for node in nodes:
            node.inputs = [number[x] for x in node.inputs]
        return nodes, number[root] if root is not None else None

    def _inputs(self, node: RawNode) -> list[int]:
        return [self.at[j] for j in node.inputs if j is not None and self.at[j] != DATA and self.only_parameters[j] is None]

    def _add(self, i: int, operation: str, kind: NodeKind, inputs: list[int], **more: Any) -> int:
        """Add a `PlanNode`, with `more` of its fields; its position."""
        self.nodes.append(PlanNode(i, operation, kind, list(inputs), self.origins[i], shape_of(self.raw.nodes[i].node), **more))
        self.at[i] = len(self.nodes) - 1
        return self.at[i]


def make_plan(raw: RawGraph, is_owned: Callable[[int], bool]) -> GraphPlan:
    """Reduce `raw`. `is_owned` says of a leaf, by its number, whether it is a parameter for certain."""
    return _Reduction(raw, is_owned).run()


def shape_of(node: Node) -> tuple[int, ...]:
    """Shape of a node's first output, empty where torch does not tell."""
    metadata = torch_private.INPUT_METADATA.of(node)
    if not metadata:
        return ()
    shape = tuple(metadata[0].shape)
    return shape if all(isinstance(n, int) for n in shape) else ()  # those of nested and traced tensors are symbols


def _operands(name: str) -> tuple[int, ...]:
    """Which inputs of a layer's operation are data, or weights that data meet; none for other operations."""
    if name in ("addmm", "baddbmm", "addmv", "addbmm"):
        return 1, 2
    if name in ops.MATRIX_PRODUCTS or name in ops.CONVOLUTIONS:
        return 0, 1
    return (0,) if name in ops.RECURRENT or name in ops.NORMALISATIONS or name == "prelu_kernel" else ()


def _input(node: RawNode, place: int | None) -> int | None:
    """The position of one of a node's inputs; None where it carries no gradient or was not given."""
    return node.inputs[place] if place is not None and place < len(node.inputs) else None


def _call(origin: Origin | None) -> Any:
    return (origin.functions[:1], origin.user_frames) if origin is not None else None


def _is_users(node: RawNode) -> bool:
    """Whether the autograd Function is the user's own, not one that torch is built with (checkpointing, compiled code)."""
    function = torch_private.FORWARD_CLASS.of(type(node.node))
    return not getattr(function, "__module__", "torch").startswith("torch.")


def _constant(node: Node, name: str) -> float | None:
    """A saved scalar: a number or a tensor without axes."""
    value = saved_tensor(node, name)
    if value is not None:
        return float(value) if value.dim() == 0 and not value.is_complex() else None
    number = None if is_packed(node, name) else saved_value(node, name)
    return float(number) if isinstance(number, (int, float)) else None


def _affine_constants(name: str, node: RawNode) -> tuple[float | None, float | None]:
    """What an addition's or a reduction's constants are, as far as autograd keeps them."""
    if name == "neg":
        return -1.0, 0.0
    if name in ("add", "sub") and node.inputs[0] is not None:
        return 1.0, None
    if name in ("mean", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d", *ops.SELECTIONS):
        return 1.0, 0.0
    return None, None


def _zero_alternative(node: RawNode) -> bool:
    other = saved_tensor(node.node, "other" if node.inputs[0] is not None else "self")
    return other is not None and not bool(other.any())
