"""One layer with weights while it is being observed."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.autograd.graph import Node

from reluctant.instrument.torch_private import saved
from reluctant.recording import Layer, LayerMoment, Location

from ._as_data import as_data
from ._norms import Moments, widest
from ._operations import LayerKind
from ._saved_tensor import saved_tensor, saved_value
from ._site_record import _fewer_samples
from ._timeline import Timeline
from ._value_record import InputRecord

ROWS_RECOMPUTED = 128
"""Samples for which a layer's pre-activation is computed again, at few moments, where nothing keeps it."""


@dataclass(slots=True)
class _PendingLayer:
    input: Moments = field(default_factory=Moments)
    gradient: Moments = field(default_factory=Moments)
    weight_gradient_rms: float | None = None
    output: dict[str, float] = field(default_factory=dict)
    """Sizes of the pre-activations, by the field of a `LayerMoment`."""


@dataclass(slots=True)
class LayerRecord:
    """Collects what one layer does; `plain` gives the `Layer`."""

    number: int
    kind: LayerKind
    name: str
    module_type: str
    place: Location | None
    called: Location | None
    built: Location | None
    weight: int | None
    bias: int | None
    fan_in: int
    fan_out: int
    weight_shape: tuple[int, ...]
    computed: bool = False
    """Whether the weight is computed from the parameter that stands for it: the values of the one say nothing of the other."""
    groups: int = 1
    transposed: bool = False
    training: bool | None = None
    calls: int = 0
    input: InputRecord | None = None
    moments: Timeline[LayerMoment] = field(default_factory=Timeline)
    pending: _PendingLayer = field(default_factory=_PendingLayer)

    def read_input(self, values: Tensor, feature_axis: int, from_data: bool) -> None:
        """Read what enters at one call."""
        if from_data:
            self.input = self.input or InputRecord()
            self.input.add(values, feature_axis)
        few = _fewer_samples(values, None)
        if few.is_floating_point() and few.numel():
            self.pending.input.add(few, total=float(few.sum(dtype=widest(few))))

    def read_output(self, values: Tensor, unit_axis: int) -> None:
        """Read its pre-activations: overall size, how far units sit from 0, and what the input adds to each."""
        if values.is_complex() or values.numel() == 0:
            return
        rows = values.movedim(unit_axis, -1).reshape(-1, values.shape[unit_axis]).to(widest(values))
        if len(rows) < 2 or not bool(torch.isfinite(rows).all()):
            return
        means = rows.mean(0)
        self.pending.output = {
            "output_rms": float((rows * rows).mean()) ** 0.5,
            "output_mean": float(means.mean()),
            "output_unit_mean_rms": float((means * means).mean()) ** 0.5,
            "output_unit_std": float(rows.var(0, correction=0).mean()) ** 0.5,
        }

    def add_gradient(self, arriving: Tensor, scale: float) -> None:
        """Add the gradient that arrives at its output at one call, which is that of the loss times `scale`."""
        self.pending.gradient.add(arriving, scale=scale)

    def finish_pass(self, step: int) -> None:
        """Turn what the pass added up to into a moment."""
        p = self.pending
        self.pending = _PendingLayer()
        if not (p.input.entries or p.gradient.entries or p.weight_gradient_rms is not None):
            return
        self.moments.append(
            LayerMoment(
                step=step,
                input_rms=p.input.rms,
                input_mean=p.input.mean,
                output_gradient_rms=p.gradient.rms,
                weight_gradient_rms=p.weight_gradient_rms,
                **p.output,
            )
        )

    def plain(self) -> Layer:
        """The layer as data."""
        weight, values = None if self.computed else self.weight, self.input.plain() if self.input else None
        return as_data(Layer, self, id=self.number, weight=weight, input=values, moments=self.moments.entries())


def recompute_output(
    name: str, node: Node, weight: Tensor | None, bias: Tensor | None, rows: int = ROWS_RECOMPUTED
) -> tuple[Tensor, int] | None:
    """A layer's output for its first samples, and its unit axis, from the input that autograd keeps for it.

    autograd keeps the weight only where the input needs a gradient; the first layer's comes from the parameter. None where something is
    missing, such as a frozen bias, which no graph names.
    """
    if bias is None and (name == "addmm" or saved_value(node, "bias_sym_sizes_opt") is not None):
        return None
    if name in ("addmm", "mm", "linear"):
        left, right = saved_tensor(node, "mat1" if name == "addmm" else "self"), saved_tensor(node, "mat2")
        if right is None and weight is not None and left is not None and weight.dim() == 2:
            right = weight.detach().t() if weight.shape[1] == left.shape[1] else weight.detach()
        if left is None or right is None or left.dim() != 2 or right.dim() != 2 or left.shape[1] != right.shape[0]:
            return None
        product = left[:rows] @ right.to(left.dtype)  # autocasting narrows a weight that autograd does not keep
        return (product if bias is None or bias.dim() != 1 or bias.shape[0] != product.shape[1] else product + bias.detach()), 1
    if name == "convolution":
        values, kept = saved_tensor(node, "input"), saved_tensor(node, "weight")
        kept = weight.detach() if kept is None and weight is not None else kept
        if values is None or kept is None or values.numel() == 0 or values.dim() != kept.dim():
            return None
        few = max(1, min(values.shape[0], (1 << 16) // values[0].numel()))
        output = torch.ops.aten.convolution(
            values[:few],
            kept.to(values.dtype),
            None if bias is None else bias.detach().to(values.dtype),
            *(saved(node, name) for name in ("stride", "padding", "dilation", "transposed", "output_padding", "groups")),
        )
        return output, 1
    return None
