"""Recordings written by hand: a stack of layers that trains, and what may be changed about it.

For tests of rules, reports and files, where training would be slow and hide what a case is about. `stack` makes what observing
would have seen of data, layers with an activation after each, an output layer and a cross-entropy; the functions after it
change one thing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from ._location import Location
from ._loss_curve import LossCurve, LossPoint
from ._recording import (
    SHARE_BINS,
    Graph,
    InputStatistics,
    Layer,
    LayerMoment,
    Loss,
    Node,
    Optimizer,
    OptimizerGroup,
    Parameter,
    ParameterMoment,
    Recording,
    ShareHistogram,
    Silence,
    Site,
    SiteMoment,
    UnitWindow,
    ValueStatistics,
)

SCRIPT = "/home/ada/digits/train.py"
BATCH = 64

RAW = InputStatistics(2432, 64, 120.0, 300.0, 0.0, 1700.0, 800.0, 10.0, 300.0, 4.0, feature_means_std=200.0)
"""Data that nobody scaled."""

STANDARDISED = InputStatistics(2432, 64, 0.0, 1.0, -3.0, 3.0, 0.0, 1.0, 1.0, 0.0)
"""Data of mean 0 and spread 1."""


def histogram(units: int, zero: int = 0, one: int = 0, share: float = 0.5) -> ShareHistogram:
    """`zero` units at 0, `one` units at 1, and the rest in the bin that holds `share`."""
    bins = [0] * SHARE_BINS
    bins[min(int(share * SHARE_BINS), SHARE_BINS - 1)] = units - zero - one
    return ShareHistogram(zero=zero, bins=tuple(bins), one=one)


def window(
    units: int, samples: int, dead: int = 0, always_on: int = 0, open_share: float = 0.45, first: int = 0, last: int = 1199
) -> UnitWindow:
    """What a ReLU's units did: `dead` never passed gradient, `always_on` always, the others on `open_share` of the samples."""
    lively = units - dead - always_on
    zeros = (dead + lively * (1 - open_share)) / units
    return UnitWindow(
        first_step=first,
        last_step=last,
        samples=samples,
        passes=histogram(units, zero=dead, one=always_on, share=open_share),
        open=histogram(units, zero=dead, one=always_on, share=open_share),
        flat=histogram(units, zero=always_on, one=dead, share=1 - open_share),
        zero_share=zeros,
        slope_spread=math.sqrt(zeros * (1 - zeros)),
    )


@dataclass(frozen=True)
class StackLayer:
    """One layer and the activation after it, as `stack` builds them."""

    name: str
    units: int
    line: int
    code: str
    operation: str = "relu"
    dead: int = 0
    always_on: int = 0
    open_share: float = 0.45
    gradient: float = 1e-2
    """That arrives at the activation at first; it falls to a third over the run."""
    silent_from: int | None = None
    """Step at which its dead units fell silent; None: they were from the start."""
    parameters: dict[str, float] = field(default_factory=dict)
    activation: bool = True


def measured_steps(steps: int, count: int) -> tuple[int, ...]:
    """`count` steps, dense at first, from 0 to the last one."""
    return tuple(dict.fromkeys(round((steps - 1) * (index / max(count - 1, 1)) ** 2) for index in range(count)))


def _site_moment(stage: StackLayer, step: int, progress: float, blocked_after: bool) -> SiteMoment:
    silent = stage.dead / stage.units if stage.silent_from is None or step >= stage.silent_from else 0.0
    passing = (1 - silent) * stage.open_share
    arriving = 0.0 if blocked_after else stage.gradient * (1 - 2 / 3 * progress)
    return SiteMoment(
        step=step,
        samples=BATCH,
        silent_share=silent,
        open_share=stage.always_on / stage.units,
        zero_share=1 - passing,
        slope_rms=math.sqrt(passing),
        output_rms=0.6 * math.sqrt(passing),
        output_mean=0.3 * passing,
        gradient_arriving_rms=arriving,
        gradient_leaving_rms=arriving * math.sqrt(passing),
        flat_share=1 - passing,
    )


def _silences(stage: StackLayer, steps: Sequence[int]) -> tuple[Silence, ...]:
    if not stage.dead:
        return ()
    if stage.silent_from is None:
        return (Silence(stage.dead, -1, 0, BATCH * len(steps)),)
    later = [step for step in steps if step >= stage.silent_from]
    alive = max((step for step in steps if step < stage.silent_from), default=-1)
    return (Silence(stage.dead, alive, later[0], BATCH * len(later)),)


def stack(
    stages: Sequence[StackLayer],
    script: str = SCRIPT,
    inputs: int = 64,
    classes: int = 10,
    steps: int = 1200,
    measured: int = 38,
    lr: float = 0.1,
) -> Recording:
    """A recording of a plain stack: data, each stage's layer and activation, an output layer, cross-entropy."""
    moments = measured_steps(steps, measured)
    sites, layers, parameters, nodes = [], [], [], []
    fan_in = inputs
    previous = 2 * len(stages) + 3  # the data's node
    head = StackLayer("head", classes, (stages[-1].line if stages else 10) + 1, "return self.head(x)", activation=False)
    for index, stage in enumerate([*stages, head]):
        block_steps = [later.silent_from or 0 for later in stages[index + 1 :] if later.dead == later.units]
        blocked_from = min(block_steps, default=steps)
        place = Location(script, stage.line, "forward", stage.code)
        layers.append(_layer(index, stage, place, fan_in, moments))
        parameters += _parameters(index, stage, fan_in, moments)
        weight_node, activation_node = 2 * (len(stages) - index) + 2, 2 * (len(stages) - index) + 1
        nodes.append(Node(weight_node, "addmm", "weight", (previous,), (BATCH, stage.units), layer=index, place=place))
        previous = weight_node
        if stage.activation:
            shape = (BATCH, stage.units)
            nodes.append(Node(activation_node, stage.operation, "activation", (weight_node,), shape, site=index, place=place))
            previous = activation_node
            site_moments = tuple(_site_moment(stage, step, step / steps, step >= blocked_from) for step in moments)
            sites.append(_site(index, stage, place, site_moments))
        fan_in = stage.units
    loss_place = Location(script, head.line + 20, "", "loss = F.cross_entropy(model(x), y)")
    backward_place = Location(script, loss_place.line + 1, "", "loss.backward()")
    nodes += [
        Node(0, "nll_loss", "loss", (1,), (), loss=0, place=loss_place, function="cross_entropy"),
        Node(1, "log_softmax", "loss", (2,), (BATCH, classes), loss=0, place=loss_place, function="cross_entropy"),
        Node(2 * len(stages) + 3, "data", "data", (), (BATCH, inputs)),
    ]
    return Recording(
        script=script,
        reluctant="0.1.0",
        torch="2.13.0",
        python="3.11.9",
        exit_code=0,
        finished=True,
        steps=steps,
        passes=steps,
        measured_steps=len(moments),
        overhead_share=0.0112,
        seconds=14.2,
        sites=tuple(sites),
        layers=tuple(layers),
        parameters=tuple(parameters),
        optimizers=(_sgd(script, lr, len(parameters), steps),),
        graphs=(Graph(0, steps, 0, steps - 1, tuple(sorted(nodes, key=lambda node: node.id)), backward_place),),
        losses=(_cross_entropy(loss_place, classes),),
        loss_curves=(_falling_curve(backward_place, moments),),
        models=("Net",),
    )


def _site(index: int, stage: StackLayer, place: Location, moments: tuple[SiteMoment, ...]) -> Site:
    steps = [moment.step for moment in moments]
    last, recent = steps[-1], steps[-20:]
    dead_at_first = 0 if stage.silent_from else stage.dead
    behaviour = (stage.always_on, stage.open_share)
    return Site(
        id=index,
        operation=stage.operation,
        parameters=stage.parameters,
        spelling="functional",
        place=place,
        called=place,
        layer=index,
        after=stage.name,
        units=stage.units,
        unit_axis=1,
        calls=1,
        whole=window(stage.units, BATCH * len(steps), dead_at_first, *behaviour, 0, last),
        recent=window(stage.units, BATCH * len(recent), stage.dead, *behaviour, recent[0], last),
        start=window(stage.units, BATCH, dead_at_first, *behaviour, 0, 0),
        silences=_silences(stage, steps),
        silent_units=tuple(range(min(stage.dead, 64))),
        moments=moments,
    )


def _layer(index: int, stage: StackLayer, place: Location, fan_in: int, moments: Sequence[int]) -> Layer:
    return Layer(
        id=index,
        kind="linear",
        name=stage.name,
        module_type="Linear",
        place=place,
        called=place,
        weight=2 * index,
        bias=2 * index + 1,
        fan_in=fan_in,
        fan_out=stage.units,
        weight_shape=(stage.units, fan_in),
        calls=1,
        moments=tuple(LayerMoment(step, 0.8, 0.1, stage.gradient / 2, stage.gradient / 4, 0.7, 0.05, 0.2, 0.6) for step in moments),
    )


def _parameters(index: int, stage: StackLayer, fan_in: int, moments: Sequence[int]) -> list[Parameter]:
    spread = 1 / math.sqrt(3 * fan_in)
    gradient = stage.gradient / 4
    values = (0.0, spread, -2 * spread, 2 * spread, gradient, gradient / 10, gradient / 2)
    seen = tuple(ParameterMoment(step, *values) for step in moments)
    weight = Parameter(2 * index, f"{stage.name}.weight", (stage.units, fan_in), "weight", optimizer=0, group=0, moments=seen)
    bias = Parameter(2 * index + 1, f"{stage.name}.bias", (stage.units,), "bias", optimizer=0, group=0, moments=seen)
    return [weight, bias]


def _sgd(script: str, lr: float, parameters: int, steps: int) -> Optimizer:
    built = Location(script, 44, "", f"optimizer = torch.optim.SGD(model.parameters(), lr={lr})")
    return Optimizer(0, "SGD", built, (OptimizerGroup(lr=lr, parameters=tuple(range(parameters))),), steps)


def _cross_entropy(place: Location, classes: int) -> Loss:
    return Loss(
        id=0,
        kind="cross_entropy",
        place=place,
        scores=2,
        classes=classes,
        predictions=ValueStatistics(24320, -4.1, 6.3, 0.02, 1.4),
        targets=ValueStatistics(2432, 0, classes - 1, (classes - 1) / 2, 2.9, True, tuple(map(float, range(classes)))),
        first_loss=2.31,
        last_loss=0.21,
    )


def _falling_curve(place: Location, moments: Sequence[int]) -> LossCurve:
    points = tuple(LossPoint(step, 0.2 + 2.1 / (1 + step / 40), 0.15, 2.4) for step in moments)
    return LossCurve(place, 0, points)


def with_site(recording: Recording, **changes: Any) -> Recording:
    """The recording with its first site changed."""
    first, *others = recording.sites
    return replace(recording, sites=(replace(first, **changes), *others))


def with_parameter(recording: Recording, name: str, **changes: Any) -> Recording:
    """The recording with one parameter's moments changed."""
    parameters = tuple(
        replace(parameter, moments=tuple(replace(moment, **changes) for moment in parameter.moments))
        if parameter.name == name
        else parameter
        for parameter in recording.parameters
    )
    return replace(recording, parameters=parameters)


def with_input(recording: Recording, seen: InputStatistics) -> Recording:
    """The recording with these data entering its first layer."""
    first, *others = recording.layers
    return replace(recording, layers=(replace(first, input=seen), *others))


def ending(recording: Recording, loss: float) -> Recording:
    """The run's loss goes from 2.3 to `loss`, or to NaN."""
    last = LossPoint(1199, None, None, None, non_finite=1) if math.isnan(loss) else LossPoint(1199, loss, loss, loss)
    curve = replace(recording.loss_curves[0], points=(LossPoint(0, 2.3, 2.3, 2.3), last))
    return replace(recording, loss_curves=(curve,), losses=(replace(recording.losses[0], last_loss=loss),))


def deep(layers: int, operation: str = "relu") -> Recording:
    """A stack of equal layers of 100 units."""
    return stack([StackLayer(f"fc{index}", 100, 31, "x = torch.relu(fc(x))", operation=operation) for index in range(layers)], inputs=100)


def geometric(factor: float, count: int) -> list[float]:
    """1 and the powers of `factor`, `count` numbers in all."""
    return [factor**index for index in range(count)]


def twice(recording: Recording, lines: int = 100) -> Recording:
    """Two such networks in one run: the second one's ids come after those of the first, and its code stands `lines` further down."""
    sites, layers, parameters, optimizers, graphs, losses = (
        1 + max((thing.id for thing in things), default=-1)
        for things in (
            recording.sites, recording.layers, recording.parameters, recording.optimizers, recording.graphs, recording.losses
        )
    )
    shifts = {
        Site: {"id": sites, "layer": layers, "slope": parameters},
        Layer: {"id": layers, "weight": parameters, "bias": parameters},
        Parameter: {"id": parameters, "optimizer": optimizers},
        Optimizer: {"id": optimizers},
        OptimizerGroup: {"parameters": parameters},
        Graph: {"id": graphs},
        Node: {"site": sites, "layer": layers, "loss": losses},
        Loss: {"id": losses, "graph": graphs},
        LossCurve: {"graph": graphs},
        Location: {"line": lines},
    }

    def shifted(thing: Any, by: int = 0) -> Any:
        if isinstance(thing, tuple):
            return tuple(shifted(part, by) for part in thing)
        if type(thing) is int:
            return thing + by
        if not is_dataclass(thing) or isinstance(thing, type):
            return thing
        by_name = shifts.get(type(thing), {})
        return replace(thing, **{field.name: shifted(getattr(thing, field.name), by_name.get(field.name, 0)) for field in fields(thing)})

    together = ("sites", "layers", "parameters", "optimizers", "graphs", "losses", "loss_curves", "not_observed")
    return replace(recording, **{name: getattr(recording, name) + shifted(getattr(recording, name)) for name in together})
