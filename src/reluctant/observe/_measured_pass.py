"""Reads one backward pass: the values that autograd keeps before it, and the gradients as they come by."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.autograd.graph import Node

from reluctant.instrument.torch_private import saved

from . import _operations as ops
from ._activation_node import AXIS_NODES, kernel_activation, read_activation, site_parameters
from ._autograd_graph import RawGraph
from ._binding import Registry
from ._layer_record import ROWS_RECOMPUTED, LayerRecord, recompute_output
from ._loss_record import LossRecord, compared_values
from ._mask import MASKS, follows_sign, saved_mask
from ._norms import root_mean_square
from ._out_of_sight import is_plain, out_of_sight, plain_values
from ._plan import GraphPlan, PlanNode
from ._saved_tensor import is_out_of_the_ordinary, is_packed_by_user, saved_tensor
from ._site_record import Readable, SiteRecord

HEAD_ROWS = 4096
"""Samples for which the output of a layer that feeds a loss is computed again: its predictions."""

Guard = Callable[[Callable[..., None]], Callable[..., None]]


class MeasuredPass:
    """One pass that is being measured. `read` looks at what is kept, `hook` waits for gradients, `finish` closes it."""

    def __init__(self, plan: GraphPlan, raw: RawGraph, registry: Registry, step: int, guard: Guard, *, outputs: bool) -> None:
        self.plan, self.registry, self.step = plan, registry, step
        self.thread = threading.get_ident()
        self._raw, self._guard, self._outputs = raw, guard, outputs
        self._handles: list[Any] = []
        self.seconds = 0.0
        """Time spent in gradient hooks."""
        self._values: dict[int, Tensor] = {}
        self._sites: set[int] = set()
        self._layers: set[int] = set()
        self._scale = self._loss_scale()
        self._layer_by_number = {layer.number: layer for layer in registry.layers.values()}
        self._scores = {node.scores for node in plan.nodes if node.loss is not None}

    def read(self) -> None:
        """Read values and signs from the saved tensors."""
        calls: dict[int, int] = {}
        for i, node in enumerate(self.plan.nodes):
            raw = self._raw.nodes[node.raw].node
            if node.layer is not None:
                self._layers.add(node.layer.number)
                self._read_layer(i, node, node.layer, raw)
            if node.site is not None:
                calls[node.site.number] = calls.get(node.site.number, 0) + 1
                node.site.calls = max(node.site.calls, calls[node.site.number])
                self._read_site(i, node, node.site, raw)
            if node.loss is not None:
                self._read_loss(node, node.loss, raw)

    def _loss_scale(self) -> float:
        """The factor that a gradient scaler has put on the loss, and with it on every gradient."""
        factor = saved_tensor(self._raw.nodes[self._raw.roots[0]].node, "other") if self.plan.scaled else None
        return float(factor) or 1.0 if factor is not None and factor.numel() == 1 else 1.0

    def hook(self) -> None:
        """Wait for the gradients at the sites, the layers and their weights.

        After that nothing is held of the graph: it must be freed as early as without us.
        """
        for node in self.plan.nodes:
            raw = self._raw.nodes[node.raw].node
            if node.site is not None:
                self._hook_site(node.site, raw)
            elif node.layer is not None:
                self._on_gradient(raw, functools.partial(self._add_gradient, node.layer))
        weights = {layer.weight: layer for layer in self.registry.layers.values() if layer.weight is not None}
        for position, number in self.plan.accumulators:
            if number in weights:
                self._on_gradient(self._raw.nodes[position].node, functools.partial(self._set_weight_gradient, weights[number]))
        self._values.clear()
        del self._raw

    def finish(self) -> None:
        """Let go of the graph and write the moment down."""
        self.release()
        for site in self.registry.sites.values():
            if site.number in self._sites:
                site.finish_pass(self.step)
        for layer in self.registry.layers.values():
            if layer.number in self._layers:
                layer.finish_pass(self.step)

    def hold(self, handle: Any) -> None:
        """Remove `handle` together with the hooks of this pass."""
        self._handles.append(handle)

    def release(self) -> None:
        """Remove the hooks and write nothing down."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    @property
    def root(self) -> Any:
        """The node that the pass begins with; to be asked before `hook`."""
        return self._raw.nodes[self._raw.roots[0]].node

    @property
    def undecided(self) -> bool:
        """Whether a site has units that look silent on too few samples."""
        return any(s.units.undecided for s in self.registry.sites.values() if s.number in self._sites)

    def _timed(self, function: Callable[..., None]) -> Callable[..., None]:
        def timed(*gradients: Any) -> None:
            begin = time.perf_counter()
            with out_of_sight():
                function(*gradients)
            self.seconds += time.perf_counter() - begin

        return timed

    def _read_site(self, i: int, node: PlanNode, site: SiteRecord, raw: Node) -> None:
        self._sites.add(site.number)
        name = self._raw.nodes[node.raw].name
        if name in AXIS_NODES:
            site.operation = AXIS_NODES[name]
            result = saved_tensor(raw, "result")
            if result is not None:
                self._values[i] = result
                site.read_axis(result, _signed(saved(raw, "dim")))
        elif (activation := read_activation(name, raw)) is not None:
            site.operation, site.parameters = activation.name, activation.parameters
            self._read_values(i, site, activation, saved_tensor(raw, activation.keeps))
            self.registry.packed |= is_packed_by_user(raw, activation.keeps)
            self.registry.strange |= is_out_of_the_ordinary(raw, activation.keeps)
        elif (ours := kernel_activation(raw)) is not None:
            site.parameters = site_parameters(ours)
        elif node.operation in MASKS:
            mask = saved_mask(node.operation, raw)
            if mask is not None:
                if follows_sign(mask, self._values.get(node.inputs[0])):
                    site.operation = "relu"
                self._read_values(i, site, MASKS[node.operation], mask)

    def _read_values(self, i: int, site: SiteRecord, activation: Readable, kept: Tensor | None) -> None:
        self.registry.complex |= kept is not None and kept.is_complex()
        if kept is not None and kept.is_floating_point():
            values, axis = as_units(kept, site, self._layer_of(site))
            site.read(activation, values, axis)
            if activation.keeps not in ("result", ""):
                site.add_kept_input(kept)
            output = activation.output(kept) if kept.numel() <= 1 << 20 else None
            if output is not None:
                self._values[i] = output

    def _hook_site(self, site: SiteRecord, raw: Node) -> None:
        layer = self._layer_of(site)
        read = site.pending.counts is not None or site.operation in ("softmax", "log_softmax")

        def gradients(grad_inputs: tuple[Tensor | None, ...], grad_outputs: tuple[Tensor | None, ...]) -> None:
            arriving, leaving = _dense(grad_outputs), _dense(grad_inputs)
            site.add_gradients(arriving, leaving, self._scale)
            if not read and arriving is not None and leaving is not None and arriving.shape == leaving.shape:
                values, axis = as_units(arriving, site, layer)
                site.read_ratio(values, leaving.reshape(values.shape), axis)

        self._handles.append(raw.register_hook(self._guard(self._timed(gradients))))

    def _on_gradient(self, raw: Node, use: Callable[[Tensor], None]) -> None:
        """Have `use` called with the gradient that comes to a node first, where it is a plain array of numbers."""

        def gradient(gradients: tuple[Tensor | None, ...]) -> None:
            dense = _dense(gradients)
            if dense is not None:
                use(dense)

        self._handles.append(raw.register_prehook(self._guard(self._timed(gradient))))

    def _add_gradient(self, layer: LayerRecord, gradient: Tensor) -> None:
        layer.add_gradient(gradient, self._scale)

    def _set_weight_gradient(self, layer: LayerRecord, gradient: Tensor) -> None:
        layer.pending.weight_gradient_rms = root_mean_square(gradient) / self._scale

    def _layer_of(self, site: SiteRecord) -> LayerRecord | None:
        return self._layer_by_number.get(site.layer) if site.layer is not None else None

    def _read_layer(self, i: int, node: PlanNode, layer: LayerRecord, raw: Node) -> None:
        found = _layer_input(node, raw)
        if node.operation == "native_batch_norm":
            layer.training = bool(saved(raw, "training"))
        if node.operation in ops.CONVOLUTIONS:
            layer.groups, layer.transposed = int(saved(raw, "groups")), bool(saved(raw, "transposed"))
        if found is not None:
            layer.read_input(*found, node.data_input)
        feeds_loss = i in self._scores
        wanted = self._outputs or layer.moments.last is None
        if wanted or feeds_loss:
            rows = HEAD_ROWS if feeds_loss else ROWS_RECOMPUTED
            weight = None if node.computed else self._tensor(layer.weight)
            output = recompute_output(node.operation, raw, weight, self._tensor(layer.bias), rows)
            if output is not None:
                if wanted:
                    layer.read_output(*output)
                self._values[i] = output[0]

    def _tensor(self, number: int | None) -> Tensor | None:
        return self.registry.parameters.records[number].tensor() if number is not None else None

    def _read_loss(self, node: PlanNode, loss: LossRecord, raw: Node) -> None:
        scores = self._value(node.scores)
        if node.handwritten:
            targets = self._handwritten_targets(node, loss, raw, scores)
        elif node.members:
            targets = self._composite_targets(node, scores)
        else:
            predictions, targets = compared_values(loss.kind, raw)
            scores = predictions if predictions is not None else scores
            if targets is not None and loss.kind in ("cross_entropy", "nll_loss"):
                loss.options["class_indices"] = float(not targets.is_floating_point())
        loss.add(self.step, scores, targets, None if scores is None or scores.dim() < 2 else 1)

    def _value(self, at: int | None) -> Tensor | None:
        """The values of a node, as far as they are kept; of a column picked from values that are kept, that column."""
        if at is None or at in self._values:
            return self._values.get(at) if at is not None else None
        node = self.plan.nodes[at]
        whole = self._values.get(node.inputs[0]) if node.operation == "select" and len(node.inputs) == 1 else None
        if whole is None:
            return None
        raw = self._raw.nodes[node.raw].node
        sizes = tuple(int(size) for size in saved(raw, "self_sym_sizes"))
        return whole.reshape(sizes).select(int(saved(raw, "dim")), int(saved(raw, "index"))) if whole.numel() == math.prod(sizes) else None

    def _composite_targets(self, node: PlanNode, scores: Tensor | None) -> Tensor | None:
        """What a loss function of many nodes compares with: a difference it takes the size of, or a factor without gradient."""
        for position in node.members:
            member = self._raw.nodes[position]
            if member.name in ("AbsBackward0", "PowBackward0") and scores is not None:
                difference = saved_tensor(member.node, "self")
                if difference is not None and difference.shape == scores.shape:
                    return scores - difference
            if member.name == "MulBackward0" and None in member.inputs:
                factor = saved_tensor(member.node, "self" if member.inputs[0] is None else "other")
                if factor is not None and factor.numel() > 1:
                    return factor
        return None

    def _handwritten_targets(self, node: PlanNode, loss: LossRecord, raw: Node, scores: Tensor | None) -> Tensor | None:
        """What the user's own formula compares with, as far as autograd keeps it."""
        if node.loss_kind == "binary_cross_entropy":
            kept = saved_tensor(raw, "other")
            return kept if kept is not None else saved_tensor(raw, "self")
        below = self.plan.nodes[node.inputs[0]] if node.inputs else None
        if below is not None and below.operation == "div":
            divisor = saved_tensor(self._raw.nodes[below.raw].node, "other")
            if divisor is not None and divisor.numel() > 1:
                loss.options["relative"] = 1.0
                return divisor
        if self._divided_by_values(node):
            loss.options["relative"] = 1.0
        difference = saved_tensor(raw, "self")
        if scores is None or difference is None or scores.numel() != difference.numel():
            return None
        scale = self._scale_of_difference(node)
        return scores.reshape(difference.shape) - difference / scale if scale else None

    def _divided_by_values(self, node: PlanNode) -> bool:
        """Whether what becomes of the difference is divided by a tensor without gradient, as in a percentage error."""
        at = next(i for i, one in enumerate(self.plan.nodes) if one is node)
        for after in self.plan.nodes:
            if after.operation == "div" and after.inputs == [at]:
                divisor = saved_tensor(self._raw.nodes[after.raw].node, "other")
                return divisor is not None and divisor.numel() > 1
        return False

    def _scale_of_difference(self, node: PlanNode) -> float | None:
        """By what the difference was multiplied, negative where the prediction is what is subtracted; None where that is not known."""
        at, scale = node.inputs[0], 1.0
        while self.plan.nodes[at].operation in ("div", "mul"):
            factor = self.plan.nodes[at].scale
            if factor is None:
                return None
            scale *= factor
            at = self.plan.nodes[at].inputs[0]
        subtraction = self.plan.nodes[at]
        target_first = subtraction.operation == "sub" and self._raw.nodes[subtraction.raw].inputs[0] is None
        subtracted = subtraction.operation == "rsub" or target_first
        return -scale if subtracted else scale


def as_units(values: Tensor, site: SiteRecord, layer: LayerRecord | None) -> tuple[Tensor, int | None]:
    """The values and the axis along which their units lie, which follows from the layer that made them.

    `values` come as (batch, units) after a linear layer, (batch, tokens, units) with tokens, (batch, units, height, width) after a
    convolution or (units, height, width) without a batch. Flattened maps, (batch, units · positions), become (batch, units, positions). The
    axis is None where there is one unit: a scalar, or a layer of one output.
    """
    shape = values.shape
    if values.dim() == 0:
        return values, None
    if layer is None or layer.fan_out == 0:
        return values, (1 if values.dim() >= 4 else (values.dim() - 1 if values.dim() > 1 else None))
    units = layer.fan_out
    if layer.kind == "convolution":
        if values.dim() >= 3 and shape[1] == units:
            return values, 1
        if values.dim() >= 3 and shape[-1] != units == shape[0]:  # without a batch axis
            return values, 0
        if values.dim() == 2 and shape[1] % units == 0 and values.numel():
            return values.reshape(shape[0], units, -1), 1
    if shape[-1] == units and (values.dim() > 1 or units > 1):
        return values, values.dim() - 1
    if units == 1:
        return values, None
    places = [d for d in range(1, values.dim()) if shape[d] == units]
    return values, places[0] if places else (values.dim() - 1 if values.dim() > 1 else None)


_INPUT_NAMES = {"addmm": "mat1", "baddbmm": "batch1", "bmm": "self", "linear": "self", "mm": "self"}
"""Under which name a product with a weight keeps what it was given."""


def _layer_input(node: PlanNode, raw: Node) -> tuple[Tensor, int] | None:
    """What enters a layer, and the axis of its features."""
    by_channel = node.operation in ops.CONVOLUTIONS or node.operation in ("native_batch_norm", "cudnn_batch_norm")
    name = _INPUT_NAMES.get(node.operation)
    if by_channel or node.operation in ops.RECURRENT or node.kind == "normalisation":
        name = "input"
    values = saved_tensor(raw, name) if name is not None else None
    if values is None or values.dim() < 1 + by_channel:
        return None
    return values, 1 if by_channel else values.dim() - 1


def _dense(gradients: tuple[Tensor | None, ...]) -> Tensor | None:
    """The first gradient as plain values, where there is one that is a plain array of numbers."""
    gradient = gradients[0] if gradients else None
    return plain_values(gradient) if gradient is not None and is_plain(gradient) else None


def _signed(dim: int) -> int:
    """An axis as it was given: torch keeps negative ones as very large numbers."""
    return int(dim) if int(dim) < 1 << 62 else int(dim) - (1 << 64)
