"""Whether training got anywhere, as far as the loss tells."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import Literal

from reluctant.recording import Layer, Location, Loss, LossCurve

from ._network import Network, place_of

Progress = Literal["broken", "untrained", "stuck", "learning", "unknown"]
"""broken: the loss ends as NaN or Inf. untrained: no gradient ever reached a layer, so that what keeps the loss where it is lies
behind all of them. stuck: it hardly moved, or ends where a constant prediction would. unknown: it fell a little, was hardly
seen, or its scale says nothing (a reward, a log density).
"""

HALVED = 0.5
"""A loss that fell by half is being learned from: whatever else is odd then costs speed, not the result."""

UNMOVED = 0.1
"""A loss that fell by less than a tenth has hardly moved. What lies between this and half may be a floor in the data as well."""

AS_GOOD_AS_CONSTANT = 0.9
"""From this share of the best constant prediction's loss upwards, nothing about the input has been learned."""

SOLVED = 0.05
"""A loss of which so little is left has been learned: whatever else is odd then did no harm."""


def progress(network: Network, graphs: Set[int]) -> Progress:
    """What became of the losses of the graphs with these ids: the worst of them counts."""
    states = [_state(network, curve) for curve in curves_of(network, graphs)]
    order: tuple[Progress, ...] = ("broken", "stuck", "learning", "unknown")
    worst: Progress = min(states, key=order.index, default="unknown")
    return "untrained" if worst == "stuck" and not _is_reached(network, graphs) else worst


def is_solved(network: Network, graphs: Set[int]) -> bool:
    """Whether every loss of these graphs that can be judged fell to `SOLVED` of its start."""
    fell = [value for value in map(fall, curves_of(network, graphs)) if value is not None]
    return bool(fell) and min(fell) >= 1.0 - SOLVED


def curves_of(network: Network, graphs: Set[int]) -> list[LossCurve]:
    """The loss curves of the graphs with these ids."""
    return [curve for curve in network.recording.loss_curves if graphs & graphs_of(network, curve)]


def graphs_of(network: Network, curve: LossCurve) -> set[int]:
    """Ids of the graphs whose losses the curve holds: all that its line called backward on, every one where it names none."""
    return {
        graph.id
        for graph in network.recording.graphs
        if curve.graph in (None, graph.id) or (graph.root is not None and graph.root == curve.root)
    }


def layers_of(network: Network, curve: LossCurve) -> list[Layer]:
    """The layers that the curve's line trains, nearest to the data first."""
    graphs = graphs_of(network, curve)
    return [layer for layer in network.layers_in_order() if graphs & network.graph_ids(network.spots(layer))]


def loss_place(network: Network, curve: LossCurve) -> Location | None:
    """The line that computes the loss; the one that calls backward where no loss was recognised."""
    graphs = graphs_of(network, curve)
    return next((place_of(loss) for loss in network.recording.losses if loss.graph in graphs), curve.root)


def fall(curve: LossCurve) -> float | None:
    """The share by which the loss fell from its start to its end: 0.9 for 2.0 → 0.2, negative where it rose.

    None where it does not start above 0 or was seen at fewer than two moments.
    """
    means = finite_means(curve)
    return 1.0 - _late(means) / means[0] if len(means) >= 2 and means[0] > 0 else None


def ends_non_finite(curve: LossCurve) -> bool:
    """Whether the last point of the curve holds nothing but NaN and Inf."""
    return bool(curve.points) and curve.points[-1].non_finite > 0 and curve.points[-1].mean is None


def finite_means(curve: LossCurve) -> list[float]:
    """The finite values of the curve, in order."""
    return [point.mean for point in curve.points if point.mean is not None and math.isfinite(point.mean)]


def _is_reached(network: Network, graphs: Set[int]) -> bool:
    """Whether gradient other than 0 arrived at some layer of these graphs; True where it was not measured."""
    layers = [layer for layer in network.recording.layers if graphs & network.graph_ids(network.spots(layer))]
    seen = [moment.output_gradient_rms for layer in layers for moment in layer.moments if moment.output_gradient_rms is not None]
    return not seen or any(seen)


def _state(network: Network, curve: LossCurve) -> Progress:
    fell = fall(curve)
    if ends_non_finite(curve):
        return "broken"
    if fell is None:
        return "unknown"
    constant = any(_as_good_as_constant(loss) for loss in network.recording.losses if loss.graph in graphs_of(network, curve))
    if fell < UNMOVED or constant:
        return "stuck"
    return "learning" if fell >= HALVED else "unknown"


def _as_good_as_constant(loss: Loss) -> bool:
    """Whether the loss ends where the best prediction that ignores the input would: the targets' variance, ln C."""
    floor = 0.0
    if loss.kind == "mse_loss" and loss.targets is not None:
        floor = loss.targets.std**2
    elif loss.kind in ("cross_entropy", "nll_loss") and loss.classes and loss.classes > 1:
        floor = math.log(loss.classes)
    return floor > 0 and loss.last_loss is not None and loss.last_loss >= AS_GOOD_AS_CONSTANT * floor


def _late(means: list[float]) -> float:
    """Mean of the last tenth of the points."""
    late = means[-max(1, len(means) // 10) :]
    return sum(late) / len(late)
