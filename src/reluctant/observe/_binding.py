"""Ties a learned plan to the sites, layers and losses that it belongs to, making those that are new."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from reluctant.instrument.building_lines import BuildingLines
from reluctant.recording import Graph, Location, Node, Unobserved

from . import _operations as ops
from ._as_data import as_data
from ._call_stack import Origin
from ._layer_record import LayerRecord
from ._loss_record import LossRecord
from ._module_names import ModuleNames
from ._parameter_record import ParameterRecord, Parameters
from ._plan import GraphPlan, PlanNode
from ._site_record import Role, SiteRecord

SITES = 2048
"""At most this many sites, and as many layers, are kept apart; the recording says when there were more."""
LOSSES = 256
"""At most this many losses are kept apart."""

NODES = 4096
"""At most this many nodes of a graph are recorded, those nearest to the root."""

_THROUGH = frozenset({"affine", "dropout", "normalisation", "pooling", "elementwise"})
_SQUASHING = frozenset({"sigmoid", "softmax", "tanh", "hardsigmoid", "hardtanh", "clamp"})


@dataclass(slots=True)
class GraphRecord:
    """One kind of backward pass."""

    number: int
    plan: GraphPlan
    root: Location | None
    first_step: int
    last_step: int
    passes: int = 0

    def plain(self) -> Graph:
        """The graph as data, the root first."""
        last = len(self.plan.nodes) - 1
        kept = min(last + 1, NODES)
        nodes = tuple(_plain_node(self.plan.nodes[last - i], i, last, kept) for i in range(kept))
        return Graph(self.number, self.passes, self.first_step, self.last_step, nodes, self.root, self.plan.truncated or kept <= last)


def _plain_node(node: PlanNode, number: int, last: int, kept: int) -> Node:
    origin = node.origin
    return as_data(
        Node,
        node,
        id=number,
        inputs=tuple(last - j for j in node.inputs if last - j < kept),
        site=node.site.number if node.site else None,
        layer=node.layer.number if node.layer else None,
        loss=node.loss.number if node.loss else None,
        place=origin.called if origin else None,
    )


def _function(origin: Origin | None) -> str:
    if origin is None:
        return ""
    if origin.functions:
        return origin.functions[0]
    return origin.module_type if origin.calls_below else ""


@dataclass(slots=True)
class Registry:
    """Everything that has been met so far in a run."""

    building: BuildingLines
    parameters: Parameters
    sites: dict[Any, SiteRecord] = field(default_factory=dict)
    layers: dict[Any, LayerRecord] = field(default_factory=dict)
    losses: dict[Any, LossRecord] = field(default_factory=dict)
    graphs: list[GraphRecord] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    too_many_sites: bool = False
    packed: bool = False
    """Whether values were met that hooks of the user's have packed."""
    strange: bool = False
    """Whether an activation of tensors was met that are no plain arrays of numbers."""
    complex: bool = False
    """Whether an activation of complex numbers was met."""

    def notes(self) -> Iterator[Unobserved]:
        """What was left out."""
        if self.too_many_sites:
            yield Unobserved("some activations", f"there were more than {SITES:,} different ones")
        if self.strange:
            why = "they are nested, sparse or of a subclass of torch.Tensor, whose operations may do more than compute"
            yield Unobserved("activations of tensors that are no plain arrays", why)
        if self.complex:
            yield Unobserved("activations of complex numbers", "they have no slope that is one number")
        if self.packed:
            why = "unpacking them would run the user's hooks a second time; slopes come from gradients instead"
            yield Unobserved("values behind saved_tensors_hooks", why)

    def bind(self, plan: GraphPlan, graph: GraphRecord | None) -> None:
        """Give each node of a learned plan its record; `graph` is None for a part that a checkpoint runs again inside a pass."""
        _Binder(self, plan, graph).run()


class _Binder:
    def __init__(self, registry: Registry, plan: GraphPlan, graph: GraphRecord | None) -> None:
        self.registry, self.plan, self.graph = registry, plan, graph
        modules = registry.building.alive(torch.nn.Module)
        modules += [m for n in plan.nodes if n.origin for m in n.origin.modules]
        self.names = ModuleNames(modules)
        self.several_roots = len({id(r) for r in self.names.roots if any(True for _ in r.parameters())}) > 1
        self.consumers: list[list[int]] = [[] for _ in plan.nodes]
        for i, node in enumerate(plan.nodes):
            for j in node.inputs:
                self.consumers[j].append(i)
        self.reaches_weight = [False] * len(plan.nodes)
        self.calls: Counter[int] = Counter()
        """How often each layer, by its number, is called in one pass."""

    def run(self) -> None:
        nodes = self.plan.nodes
        for node in nodes:
            if node.origin is None and node.kind not in ("affine", "data"):
                node.kind = "opaque"  # made by an earlier backward pass (create_graph): no call of the user's
        for i in range(len(nodes) - 1, -1, -1):
            below = any(nodes[c].kind == "weight" or self.reaches_weight[c] for c in self.consumers[i])
            self.reaches_weight[i] = below or self.graph is None
        for i, node in enumerate(nodes):
            if node.kind in ("weight", "normalisation"):
                node.layer = self._layer(node)
            elif node.kind == "activation":
                node.site = self._site(i, node)
        if self.graph is not None:
            self._find_handwritten_losses()
            for i, node in enumerate(nodes):
                if node.kind == "loss" or node.loss_kind:
                    node.loss = self._loss(i, node, self.graph.number)
        self._note_roots()
        for node in nodes:
            node.function = _function(node.origin)

    def _layer(self, node: PlanNode) -> LayerRecord | None:
        weight = node.parameters.get("weight", node.parameters.get("scale"))
        key: tuple[Any, ...] = (node.operation in ops.NORMALISATIONS, weight)
        if weight is None:
            key = (node.operation, self._where(node), self._module_key(node))
        layer = self.registry.layers.get(key)
        if layer is None:
            if len(self.registry.layers) >= SITES:
                self.registry.too_many_sites = True
                return None
            layer = self.registry.layers[key] = self._new_layer(node, weight, len(self.registry.layers))
        self.calls[layer.number] += 1
        layer.calls = max(layer.calls, self.calls[layer.number])
        for part, number in node.parameters.items():
            parameter = self.registry.parameters.records[number]
            parameter.role = "embedding" if layer.kind == "embedding" and part == "weight" else part
            parameter.layers.add(layer.number)
            parameter.name = parameter.name or self._parameter_name(parameter)
        return layer

    def _new_layer(self, node: PlanNode, weight: int | None, number: int) -> LayerRecord:
        record = self.registry.parameters.records[weight] if weight is not None else None
        shape = node.computed or (record.shape if record else ())
        kind = ops.LAYER_KINDS.get(node.operation, "other")
        name, module_type = self._layer_name(record, node)
        bias = node.parameters.get("bias", node.parameters.get("shift"))
        places, fans = self._places(node), _fans(kind, shape, node)
        return LayerRecord(number, kind, name, module_type, *places, weight, bias, *fans, shape, computed=bool(node.computed))

    def _layer_name(self, record: ParameterRecord | None, node: PlanNode) -> tuple[str, str]:
        owner = self.names.owner(record.tensor() if record else None)
        if owner is None and node.origin is not None and node.origin.calls_below and node.origin.modules:
            owner = (node.origin.modules[0], "")
        if owner is not None:
            # torch 2.13: register_parametrization gives a module a class of its own, ParametrizedLinear of a Linear, and keeps what the
            # weight is computed from in its module `parametrizations`.
            kind = type(owner[0]).__name__.removeprefix("Parametrized")
            return self._path(owner[0]).split(".parametrizations.")[0] or kind, kind
        return (f"weight {'×'.join(map(str, record.shape))}" if record else node.operation), ""

    def _path(self, module: torch.nn.Module) -> str:
        path = self.names.path(module)
        owner = self.names.root(module)
        root = getattr(owner, "original_name", type(owner).__name__)
        return f"{root}.{path}" if self.several_roots and path else path

    def _parameter_name(self, record: ParameterRecord) -> str:
        owner = self.names.owner(record.tensor())
        if owner is None:
            return ""
        path = self._path(owner[0])
        return f"{path}.{owner[1]}" if path else owner[1]

    def _site(self, i: int, node: PlanNode) -> SiteRecord | None:
        layer = self._layer_before(i)
        place = self._places(node)[0]
        where = (place.file, place.line) if place else None
        key = (node.operation, where, layer.number if layer else None, self._module_key(node))
        record = self.registry.sites.get(key)
        if record is None:
            if len(self.registry.sites) >= SITES:
                self.registry.too_many_sites = True
                return None
            record = self.registry.sites[key] = self._new_site(node, layer, len(self.registry.sites))
        record.calls = max(record.calls, 1)
        role = self._role(i, node)
        # A site that is used twice keeps the part that asks least of it.
        order: tuple[Role, ...] = ("gate", "attention", "hidden", "output", "loss", "other")
        record.role = role if record.moments.last is None and record.calls <= 1 else min(record.role, role, key=order.index)
        return record

    def _new_site(self, node: PlanNode, layer: LayerRecord | None, number: int) -> SiteRecord:
        origin = node.origin
        module = origin.modules[0] if origin and origin.modules else None
        own = module if origin and origin.calls_below and not origin.compound else None
        slope = node.parameters.get("slope")
        if slope is not None:
            record = self.registry.parameters.records[slope]
            record.role, record.name = "slope", record.name or self._parameter_name(record)
        path, kind = self._path(module) if module is not None else "", type(own).__name__ if own is not None else ""
        before, after = (layer.number, layer.name) if layer else (None, "")
        places, spelling = self._places(node), _spelling(origin)
        return SiteRecord(number, node.operation, *places, path, kind, spelling, before, after, _booleans(own), slope)

    def _module_key(self, node: PlanNode) -> int | None:
        """Which module called it, where a container did: two activations of one container share a line."""
        origin = node.origin
        return id(origin.modules[0]) if origin and origin.calls_below > 1 and origin.modules else None

    def _where(self, node: PlanNode) -> Any:
        called = node.origin.called if node.origin else None
        return (called.file, called.line) if called else None

    def _places(self, node: PlanNode) -> tuple[Location | None, Location | None, Location | None]:
        """The line a user would edit, the line of the call, and the line that built the module."""
        origin = node.origin
        if origin is None:
            return None, None, None
        below = origin.modules[: origin.calls_below]
        lines = [line for line in (self.registry.building.of(m) for m in below) if line is not None]
        built = lines[0] if lines else None
        by_container = origin.calls_below > 1 or (origin.calls_below == 1 and origin.compound)
        return (built if by_container and built else origin.called), origin.called, built

    def _layer_before(self, i: int) -> LayerRecord | None:
        """The nearest layer upstream along first inputs, seen through what changes no meaning of the units."""
        nodes, at = self.plan.nodes, i
        for _ in range(len(nodes)):
            if not nodes[at].inputs:
                return None
            at = nodes[at].inputs[0]
            if nodes[at].kind == "weight":
                return nodes[at].layer
            if nodes[at].kind not in _THROUGH:
                return None
        return None

    def _role(self, i: int, node: PlanNode) -> Role:
        squashing = node.operation in _SQUASHING or node.operation in ("safe_softmax", "log_softmax")
        if squashing and self._is_gate(i):
            return "attention" if "softmax" in node.operation else "gate"
        if self.reaches_weight[i]:
            return "hidden"
        return "output" if self._layer_before(i) is not None else "loss"

    def _is_gate(self, i: int) -> bool:
        """Whether its output multiplies something that is not made of it alone, as a sum to divide by is."""
        nodes = self.plan.nodes
        made_of_it, todo, products = {i}, list(self.consumers[i]), []
        while todo and len(made_of_it) < 64:
            c = todo.pop()
            if c in made_of_it:
                continue
            if nodes[c].kind in ("affine", "dropout"):
                made_of_it.add(c)
                todo.extend(self.consumers[c])
            elif nodes[c].kind == "product":
                products.append(c)
        return any(len(nodes[c].inputs) == 1 or not made_of_it.issuperset(nodes[c].inputs) for c in products)

    def _find_handwritten_losses(self) -> None:
        """A difference, or logarithms weighed with targets, that only sums and constants separate from the root are a loss."""
        nodes, root = self.plan.nodes, self.plan.root
        if root is None:
            return
        todo, seen, logarithms = [root], set(), []
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            node = nodes[at]
            if self._is_difference(node):
                node.loss_kind, node.handwritten = ("l1_loss" if node.operation == "abs" else "mse_loss"), True
            elif node.kind == "affine":
                todo.extend(node.inputs)
            elif node.operation == "mul" and len(node.inputs) == 1 and nodes[node.inputs[0]].operation == "log":
                logarithms.append(at)
        if len(logarithms) == 2:
            self._note_cross_entropy(logarithms)
        if nodes[root].origin is not None and not any(n.loss_kind for n in nodes):
            nodes[root].loss_kind, nodes[root].handwritten = "custom", True

    def _note_cross_entropy(self, logarithms: list[int]) -> None:
        """``t * log(p) + (1 - t) * log(1 - p)``: the term whose logarithm takes p itself stands for the loss."""
        nodes = self.plan.nodes
        for at in logarithms:
            below = nodes[nodes[at].inputs[0]].inputs
            if below and nodes[below[0]].operation not in ("rsub", "sub", "add"):
                nodes[at].loss_kind, nodes[at].handwritten = "binary_cross_entropy", True
                return

    def _is_difference(self, node: PlanNode) -> bool:
        """Whether a node squares, or takes the size of, a prediction minus something that carries no gradient."""
        squares = node.operation in ("pow", "abs", "square") or (
            node.operation == "mul" and len(set(node.inputs)) == 1 == len(node.inputs) - 1
        )
        return squares and bool(node.inputs) and self._difference_below(node) is not None

    def _difference_below(self, node: PlanNode) -> int | None:
        """Position of the subtraction, seen through constant factors."""
        at = node.inputs[0]
        while True:
            below = self.plan.nodes[at]
            if len(below.inputs) != 1 or below.kind != "affine":
                return None
            if below.operation in ("sub", "rsub", "add"):
                return at
            if below.operation not in ("div", "mul"):
                return None
            at = below.inputs[0]

    def _loss(self, i: int, node: PlanNode, graph: int) -> LossRecord | None:
        layer = self._layer_before(i)
        key = (node.loss_kind, self._where(node), node.operation, layer.number if layer else None)
        scores = node.scores = self._scores(node)
        if key not in self.registry.losses and len(self.registry.losses) < LOSSES:
            last = len(self.plan.nodes) - 1
            _, called, built = self._places(node)
            at = last - scores if scores is not None else None
            number, classes = len(self.registry.losses), self._classes(node, scores)
            self.registry.losses[key] = LossRecord(number, node.loss_kind, node.handwritten, called, built, graph, last - i, at, classes)
        return self.registry.losses.get(key)

    def _scores(self, node: PlanNode) -> int | None:
        """The node whose values are the predictions."""
        if not node.inputs or node.loss_kind == "custom":
            return None
        if not node.handwritten:
            return node.inputs[0]
        if node.loss_kind == "binary_cross_entropy":
            return self.plan.nodes[node.inputs[0]].inputs[0]
        difference = self._difference_below(node)
        return self.plan.nodes[difference].inputs[0] if difference is not None else None

    def _classes(self, node: PlanNode, scores: int | None) -> int | None:
        shape = self.plan.nodes[scores].shape if scores is not None else ()
        if node.loss_kind in ("cross_entropy", "nll_loss", "linear_cross_entropy", "multi_margin_loss"):
            return shape[1 if len(shape) > 1 else 0] if shape else None
        return (shape[-1] if len(shape) > 1 else 1) if shape else None

    def _note_roots(self) -> None:
        """Note the classes of the models that take part in this plan."""
        roots = {id(root) for root in self.names.roots}
        for node in self.plan.nodes:
            tensors = [self.registry.parameters.records[number].tensor() for number in node.parameters.values()]
            owners = [owner[0] for owner in map(self.names.owner, tensors) if owner is not None]
            running = node.origin.modules if node.origin is not None else ()
            for module in {id(m): m for m in (self.names.root(m) for m in (*owners, *running[-1:]))}.values():
                name = getattr(module, "original_name", type(module).__name__)  # a scripted module knows what it was made from
                if id(module) in roots and name not in self.registry.roots and len(self.registry.roots) < 32:
                    self.registry.roots.append(name)


def _fans(kind: ops.LayerKind, shape: tuple[int, ...], node: PlanNode) -> tuple[int, int]:
    size = math.prod(shape)
    if kind == "convolution" and len(node.shape) > 1:
        out = node.shape[1]
        return max(1, size // max(shape[0], 1)) if shape else 0, out
    if kind == "embedding":
        return (shape[0], shape[1]) if len(shape) == 2 else (0, 0)
    if kind in ("batch_norm", "layer_norm", "group_norm"):
        return size, size
    if len(shape) >= 2:
        out = node.shape[-1] if node.shape and node.shape[-1] in shape[-2:] else shape[0]
        other = shape[-1] if out == shape[-2] else shape[-2]
        return other, out
    return size, 1


def _spelling(origin: Origin | None) -> str:
    if origin is None:
        return ""
    if origin.compound:
        return "inside"
    if origin.calls_below:
        return "module"
    return "functional" if origin.functions else "method"


def _booleans(module: torch.nn.Module | None) -> tuple[str, ...]:
    """Arguments of an activation module that were given as a bool where a number belongs."""
    if module is None:
        return ()
    names = ("negative_slope", "alpha", "beta", "threshold", "min_val", "max_val", "lower", "upper", "lambd")
    return tuple(n for n in names if isinstance(module.__dict__.get(n), bool))
