"""Cases for rules: recordings of hand-made networks, and exactly what a rule says of each.

A rule's `cases` are the tests of the rule: `differences` tells in which way a rule says anything else. `output_head` makes the
recording of what stands before a loss, `series` one of layers in a row; `reluctant.recording.example` makes whole trainings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reluctant.recording import (
    CauseKind,
    Document,
    Finding,
    Graph,
    Layer,
    Location,
    Loss,
    Node,
    NodeKind,
    Parameter,
    Recording,
    Severity,
    Site,
    SiteMoment,
    UnitWindow,
    ValueStatistics,
)
from reluctant.recording.example import BATCH, SCRIPT, deep, ending, geometric, histogram, window


@dataclass(frozen=True)
class Expected:
    """A finding as a case states it: of what has a default only what is given is compared, but nothing may be empty."""

    severity: Severity
    cause: CauseKind | Literal[""] = ""
    """Kind of its cause; empty where it must have none."""
    line: int = 0
    """Line that it stands at; 0 where it must have none."""
    message: str = ""
    because: str = ""
    """Evidence of its cause."""
    evidence: Mapping[str, Any] | None = None
    """Every name in it with its value; numbers count as equal when they agree to three digits."""
    layer: str | None = None
    site: int | None = None
    treatments: tuple[str, ...] | None = None
    """What is proposed against it, in this order, as the command line writes it: ``lower-learning-rate:0.1``. Treatments that are added
    later may propose themselves between these.
    """

    @property
    def whole(self) -> bool:
        """Whether `message`, `evidence` and `layer` are stated."""
        return bool(self.message) and self.evidence is not None and self.layer is not None

    def differences(self, finding: Finding) -> Iterator[str]:
        """In what `finding` is something else, part by part."""
        cause = finding.cause
        yield from _unequal("severity", finding.severity, self.severity)
        yield from _unequal("cause", cause.kind if cause is not None else "", self.cause)
        yield from _unequal("line", finding.line, self.line)
        yield from _unequal("message", finding.message, self.message or finding.message or "some message")
        if cause is not None and (self.because or cause.kind != "none"):
            yield from _unequal("evidence of the cause", cause.evidence, self.because or cause.evidence or "some evidence")
        if self.evidence is not None:
            yield from _unequal("evidence", dict(finding.evidence), dict(self.evidence))
        elif not finding.evidence:
            yield "there is no evidence"
        if self.layer is not None:
            yield from _unequal("layer and site", (finding.layer, finding.site), (self.layer, self.site))
        if self.treatments is not None:
            offered = iter(proposed := tuple(map(str, finding.treatments)))
            if not all(treatment in offered for treatment in self.treatments):  # each is looked for behind the one before
                yield f"treatments are {proposed!r}, in which {self.treatments!r} are not in this order"


class RuleCase:
    """A recording, and all that a rule says of it."""

    def __init__(self, name: str, recording: Recording, *findings: Expected, not_judged: str | Sequence[str] = ()) -> None:
        """`not_judged` holds each reason, in order. A finding or a reason that is not named must not come."""
        self.name = name
        self.recording = recording
        self.findings = findings
        self.not_judged = (not_judged,) if isinstance(not_judged, str) else tuple(not_judged)

    def differences(self, document: Document) -> list[str]:
        """In what a rule's `document` of this recording is something else than the case states; empty where it is not.

        With treatments proposed for it (`reluctant.treatments.propose`), those are compared too.
        """
        found = [*_unequal("number of findings", len(document.findings), len(self.findings))]
        reasons = [reason.why for reason in document.not_judged]
        for expected, finding in zip(self.findings, document.findings, strict=False):
            found += expected.differences(finding)
        found += _unequal("number of reasons why it is not judged", len(reasons), len(self.not_judged))
        for reason, why in zip(self.not_judged, reasons, strict=False):
            found += _unequal("reason why it is not judged", why, reason)
        return found


def _unequal(what: str, seen: object, wanted: object) -> Iterator[str]:
    if not _alike(seen, wanted):
        yield f"{what} is {seen!r}, not {wanted!r}"


def _alike(one: object, other: object) -> bool:
    """Whether two values are equal, their numbers to three digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-3) or (math.isnan(one) and math.isnan(other))
    return one == other


LOSS_LINE = 60
COUNT = 6400


@dataclass(frozen=True)
class HeadStep:
    """One operation behind the last layer: an activation, or an affine or elementwise node."""

    operation: str
    line: int = 40
    parameters: dict[str, float] = field(default_factory=dict)
    scale: float | None = None
    offset: float | None = None
    seen: UnitWindow | None = None
    flat_share: float = 0.0
    kind: NodeKind = "activation"


def shift(scale: float, offset: float | None = 0.0) -> HeadStep:
    """``scale * x + offset``."""
    return HeadStep("mul", scale=scale, offset=offset, kind="affine")


def values(
    low: float, high: float, *, mean: float | None = None, std: float | None = None, distinct: Sequence[float] = (), **changes: Any
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
    return replace(found, **changes)


def output_head(
    kind: str,
    steps: Sequence[HeadStep] = (),
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


def _node(index: int, step: HeadStep, classes: int, site: int | None) -> Node:
    return Node(
        index, step.operation, step.kind, (index + 1,), (BATCH, classes), site=site, place=Location(SCRIPT, step.line), scale=step.scale,
        offset=step.offset,
    )  # fmt: skip


def _site(number: int, step: HeadStep, classes: int) -> Site:
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


def linear(number: int, fan_in: int, fan_out: int) -> Layer:
    """A linear layer for `series`, called on line 10 + `number`."""
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
    """A convolution for `series`, called on line 10 + `number`."""
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


def series(*parts: Layer | str, loss: str = "cross_entropy", more: Sequence[Node] = (), **changes: Any) -> Recording:
    """A graph in which the parts follow one another from the data to the loss; a word is the operation of a node without weights.

    Node 0 is the loss, node 1 the last part, and so on back to the data. A word ending in ``!`` is an activation.
    """
    nodes = [Node(0, loss, "loss", (1,), loss=0)]
    sites: list[Site] = []
    layers: list[Layer] = []
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


KINDS: dict[str, NodeKind] = {
    "max_pool2d": "pooling", "mul": "product", "softmax": "opaque", "dropout": "dropout", "native_batch_norm": "normalisation",
    "native_layer_norm": "normalisation", "pow": "elementwise",
}  # fmt: skip


def fading(
    start: Sequence[float],
    end: Sequence[float] | None = None,
    operation: str = "relu",
    weights: float = 0.58,
    slope: float = 0.7,
    loss: float = 2.29,
    until: int = 620,
) -> Recording:
    """A stack with these gradients from the first layer to the head, up to step `until` and from there on."""
    recording = deep(len(start) - 1, operation)
    layers = tuple(
        replace(
            layer, moments=tuple(replace(moment, output_gradient_rms=late if moment.step > until else early) for moment in layer.moments)
        )
        for layer, early, late in zip(recording.layers, start, end or start, strict=True)
    )
    sites = tuple(
        replace(site, moments=tuple(replace(moment, slope_rms=slope, flat_share=0.0) for moment in site.moments))
        for site in recording.sites
    )
    parameters = tuple(
        replace(parameter, moments=tuple(replace(moment, std=weights / math.sqrt(100)) for moment in parameter.moments))
        for parameter in recording.parameters
    )
    return ending(replace(recording, layers=layers, sites=sites, parameters=parameters), loss)


def rising(ratio: float, count: int = 8) -> list[float]:
    """Gradients that end at 0.01 and start `ratio` times below, in equal factors."""
    return [0.01 * value / ratio for value in geometric(ratio ** (1 / (count - 1)), count)]
