"""Hand-written recordings of one output head: data, a hidden layer, the last layer, what stands behind it, the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reluctant.recording import Graph, Layer, Location, Loss, Node, NodeKind, Recording, Site, SiteMoment, UnitWindow, ValueStatistics
from tests.recordings import BATCH, SCRIPT, histogram, window

LOSS_LINE = 60
COUNT = 6400


@dataclass(frozen=True)
class Step:
    """One operation behind the last layer: an activation, or an affine or elementwise node."""

    operation: str
    line: int = 40
    parameters: dict[str, float] = field(default_factory=dict)
    scale: float | None = None
    offset: float | None = None
    seen: UnitWindow | None = None
    flat_share: float = 0.0
    kind: NodeKind = "activation"


def shift(scale: float, offset: float | None = 0.0) -> Step:
    """``scale * x + offset``."""
    return Step("mul", scale=scale, offset=offset, kind="affine")


def values(
    low: float, high: float, *, mean: float | None = None, std: float | None = None, distinct: Sequence[float] = (), **changes: object
) -> ValueStatistics:
    """Values spread evenly from `low` to `high`; of `distinct` ones, each equally often."""
    spread = tuple(low + (high - low) * index / 20 for index in range(21))
    if distinct:
        spread = tuple(distinct[min(int(index / 20 * len(distinct)), len(distinct) - 1)] for index in range(21))
    centre = sum(distinct) / len(distinct) if distinct else (low + high) / 2
    width = math.sqrt(sum((value - centre) ** 2 for value in distinct) / len(distinct)) if distinct else (high - low) / math.sqrt(12)
    found = ValueStatistics(
        count=COUNT,
        minimum=low,
        maximum=high,
        mean=centre if mean is None else mean,
        std=width if std is None else std,
        integer_valued=bool(distinct) and all(value == int(value) for value in distinct),
        distinct=tuple(distinct),
        quantiles=spread,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def output_head(
    kind: str,
    steps: Sequence[Step] = (),
    *,
    classes: int = 1,
    targets: ValueStatistics | None = None,
    predictions: ValueStatistics | None = None,
    options: dict[str, float] | None = None,
    handwritten: bool = False,
    last_loss: float | None = 0.7,
) -> Recording:
    """The recording of one head; `steps` are given in the order in which the script calls them."""
    nodes = [Node(0, kind, "loss", (1,), loss=0, place=Location(SCRIPT, LOSS_LINE))]
    sites: list[Site] = []
    for index, step in enumerate(reversed(steps), start=1):
        nodes.append(_node(index, step, classes, len(sites) if step.kind == "activation" else None))
        if step.kind == "activation":
            sites.append(_site(len(sites), step, classes))
    last = len(steps) + 1
    nodes.append(Node(last, "addmm", "weight", (last + 1,), (BATCH, classes), layer=0, place=Location(SCRIPT, 39)))
    nodes.append(Node(last + 1, "data", "data"))
    loss = Loss(
        id=0,
        kind=kind,
        handwritten=handwritten,
        place=Location(SCRIPT, LOSS_LINE),
        node=0,
        scores=1,
        classes=classes,
        predictions=predictions,
        targets=targets,
        last_loss=last_loss,
        options=options or {},
    )
    layer = Layer(0, "linear", "head", place=Location(SCRIPT, 39), fan_in=16, fan_out=classes)
    graph = Graph(0, 1200, nodes=tuple(nodes))
    return Recording(
        script=SCRIPT, steps=1200, passes=1200, measured_steps=38, sites=tuple(sites), layers=(layer,), graphs=(graph,), losses=(loss,)
    )


def alive(units: int = 1, zero_share: float = 0.0) -> UnitWindow:
    """Units that are on for about half of the samples."""
    return replace(window(units, 1280), zero_share=zero_share)


def silent(units: int = 1, of: int = 1) -> UnitWindow:
    """`units` of the units passed no gradient on any sample."""
    return window(of, 1280, dead=units)


def always_on(units: int = 1) -> UnitWindow:
    """Units that are on for every sample."""
    found = window(units, 1280, always_on=units)
    return replace(found, passes=histogram(units, one=units), zero_share=0.0)


def _node(index: int, step: Step, classes: int, site: int | None) -> Node:
    return Node(
        index, step.operation, step.kind, (index + 1,), (BATCH, classes), site=site, place=Location(SCRIPT, step.line), scale=step.scale,
        offset=step.offset,
    )  # fmt: skip


def _site(number: int, step: Step, classes: int) -> Site:
    parameters = dict(step.parameters)
    if step.operation in ("softmax", "log_softmax"):
        parameters = {"dim": 1.0, "classes": float(classes), "classes_smallest": float(classes), **parameters}
    return Site(
        id=number,
        operation=step.operation,
        parameters=parameters,
        place=Location(SCRIPT, step.line),
        called=Location(SCRIPT, step.line),
        layer=0,
        after="head",
        units=classes,
        role="output",
        recent=step.seen or alive(classes),
        whole=step.seen or alive(classes),
        calls=1,
        moments=tuple(SiteMoment(at, BATCH, 0.0, 0.0, 0.0, 0.5, flat_share=step.flat_share) for at in (0, 600, 1199)),
    )
