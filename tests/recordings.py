"""Hand-written recordings of small, realistic runs, for tests of rules, reports and files.

The builders fill in what observing would have seen of a plain stack of layers: `stack` makes the whole recording from
one `Stage` per layer. The named recordings below it are the situations that tests ask for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reluctant.recording import (
    SHARE_BINS,
    Cause,
    Document,
    Finding,
    Graph,
    Layer,
    LayerMoment,
    Location,
    Loss,
    LossCurve,
    LossPoint,
    Node,
    NotJudged,
    Optimizer,
    OptimizerGroup,
    Parameter,
    ParameterMoment,
    Recording,
    Root,
    ShareHistogram,
    Silence,
    Site,
    SiteMoment,
    Treatment,
    UnitWindow,
    Unobserved,
    ValueStatistics,
)

SCRIPT = "/home/ada/digits/train.py"
BATCH = 64


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
class Stage:
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


def _site_moment(stage: Stage, step: int, progress: float, blocked_after: bool) -> SiteMoment:
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


def _silences(stage: Stage, steps: Sequence[int]) -> tuple[Silence, ...]:
    if not stage.dead:
        return ()
    if stage.silent_from is None:
        return (Silence(stage.dead, -1, 0, BATCH * len(steps)),)
    later = [step for step in steps if step >= stage.silent_from]
    alive = max((step for step in steps if step < stage.silent_from), default=-1)
    return (Silence(stage.dead, alive, later[0], BATCH * len(later)),)


def stack(
    stages: Sequence[Stage],
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
    head = Stage("head", classes, (stages[-1].line if stages else 10) + 1, "return self.head(x)", activation=False)
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


def _site(index: int, stage: Stage, place: Location, moments: tuple[SiteMoment, ...]) -> Site:
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


def _layer(index: int, stage: Stage, place: Location, fan_in: int, moments: Sequence[int]) -> Layer:
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


def _parameters(index: int, stage: Stage, fan_in: int, moments: Sequence[int]) -> list[Parameter]:
    spread = 1 / math.sqrt(3 * fan_in)
    gradient = stage.gradient / 4
    values = (0.0, spread, -2 * spread, 2 * spread, gradient, gradient / 10, gradient / 2)
    seen = tuple(ParameterMoment(step, *values) for step in moments)
    return [
        Parameter(2 * index + offset, f"{stage.name}.{name}", shape, name, optimizer=0, group=0, moments=seen)
        for offset, (name, shape) in enumerate([("weight", (stage.units, fan_in)), ("bias", (stage.units,))])
    ]


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


MLP = (
    Stage("fc1", 128, 31, "x = torch.relu(self.fc1(x))", open_share=0.42, gradient=3.1e-2),
    Stage("fc2", 64, 32, "x = torch.relu(self.fc2(x))", dead=1, open_share=0.44, gradient=3.3e-2),
    Stage("fc3", 32, 33, "x = torch.relu(self.fc3(x))", open_share=0.47, gradient=3.5e-2),
)


def healthy_mlp() -> Recording:
    """Three ReLU layers that learn."""
    return stack(MLP)


def blocked_layer() -> Recording:
    """The middle one of three ReLU layers died at step 14 and blocks what is before it."""
    return stack((MLP[0], replace(MLP[1], dead=64, silent_from=14), MLP[2]), lr=1.0)


def nothing_observed() -> Recording:
    """A script that ended well and never called backward."""
    return Recording(script=SCRIPT, reluctant="0.1.0", torch="2.13.0", python="3.11.9", exit_code=0, finished=True, seconds=0.4)


def killed_run() -> Recording:
    """A run that SIGKILL ended after 812 steps."""
    return replace(stack(MLP, steps=812), exit_code=None, finished=False)


def crashed_run() -> Recording:
    """A script that raised an exception after 90 steps."""
    return replace(stack(MLP, steps=90, measured=20), exit_code=1)


def deep_stack(layers: int = 200, units: int = 10_000, steps: int = 100_000, measured: int = 192) -> Recording:
    """As large as a recording gets: many wide layers, every timeline full."""
    code = "x = torch.relu(block(x))"
    stages = [Stage(f"blocks.{index}.linear", units, 20, code, dead=units // 250, gradient=1e-2 * 0.99**index) for index in range(layers)]
    return stack(stages, steps=steps, measured=measured)


HOSTILE_TEXTS = (
    "[red]not markup[/red] [link=http://example.org]x[/link]",
    "\x1b[2J\x1b]0;title\x07 erase",
    "a\rb\nc\td\x00e\x9bf",
    "‮gnirts desrever‬ \u200bzero\ufeff",
    "<script>alert(1)</script> & \"quotes\" 'single'",
    "| a | b |\n|---|---| `code` **bold** [x](javascript:alert(1)) @everyone",
    ":smile: {braces} {} %s \\n \\",
    "名前が漢字の層 🔥 e\u0301",
    "half a pair \udc80",
    "x" * 300,
)
"""Names and source lines that could do harm where they are printed as they are."""


def hostile() -> Recording:
    """A run of a project whose files, layers and code are `HOSTILE_TEXTS`."""
    stages = [
        Stage(text, 16, 10 + index, text, dead=index, operation="relu" if index % 2 else f"custom:{text}")
        for index, text in enumerate(HOSTILE_TEXTS)
    ]
    recording = stack(stages, script=f"/tmp/{HOSTILE_TEXTS[0]}/{HOSTILE_TEXTS[1]}.py")
    places = [Location(f"/tmp/{text}.py", 10 + index, text, text) for index, text in enumerate(HOSTILE_TEXTS)]
    sites = tuple(replace(site, place=place) for site, place in zip(recording.sites, places, strict=True))
    return replace(
        recording,
        sites=sites,
        arguments=HOSTILE_TEXTS,
        not_observed=tuple(Unobserved(text, text, place, text) for text, place in zip(HOSTILE_TEXTS, places, strict=True)),
    )


def healthy_document() -> Document:
    """`healthy_mlp` with nothing found."""
    return Document(healthy_mlp())


def blocked_document() -> Document:
    """`blocked_layer` with its root, what follows from it, advice, and what was not judged."""
    blocked = Finding(
        code="RL202",
        name="blocked-layer",
        severity="error",
        message="All 64 units passed no gradient on 48,640 samples in a row: each fires on fewer than 0.0062 % of inputs (95 %). "
        "They died between steps 12 and 14, when one update moved fc2's biases by 41 times their spread.",
        file=SCRIPT,
        line=32,
        layer="fc2",
        site=1,
        evidence={"dead_share": 1.0, "units": 64, "samples": 48640, "last_alive_step": 12, "first_silent_step": 14},
        cause=Cause("learning-rate", "SGD(lr=1.0) at train.py:44 moved the biases of fc2 by 41 times their spread in one step."),
        treatments=(Treatment("lower-learning-rate", "0.1"), Treatment("swap-activation", "leaky_relu(0.01)")),
    )
    vanished = Finding(
        code="RL301",
        name="vanishing-gradient",
        severity="error",
        message="The gradient that reaches fc1 is 0 at every one of the last 24 measured steps.",
        file=SCRIPT,
        line=31,
        layer="fc1",
        site=0,
        evidence={"gradient_rms": 0.0, "measured_steps": 24},
        because_of=Root("RL202", SCRIPT, 32),
    )
    advice = Finding(
        code="RL103",
        name="idle-activation",
        severity="advice",
        message="All 32 units were on for every one of 1,280 samples: here the activation is a straight line.",
        file=SCRIPT,
        line=33,
        layer="fc3",
        site=2,
        evidence={"always_on_share": 1.0, "samples": 1280},
    )
    recording = replace(
        blocked_layer(),
        not_observed=(Unobserved("a compiled region", "it could not be run step by step", Location(SCRIPT, 70), "Try --leave-compiled."),),
    )
    why = "no targets were seen"
    not_judged = (NotJudged("RL404", "unreachable-target", why), NotJudged("RL407", "regression-loss-on-classes", why))
    return Document(recording, (vanished, advice, blocked), not_judged)


def hostile_document() -> Document:
    """`hostile` with a finding on every site that repeats the hostile text in every part."""
    recording = hostile()
    findings = tuple(
        Finding(
            code=f"RL8{index:02}",
            name=text,
            severity="warning",
            message=text,
            file=site.place.file if site.place else "",
            line=10 + index,
            layer=text,
            site=site.id,
            evidence={text: text, "list": [text] * 10},
            cause=Cause("none", text),
            treatments=(Treatment(text, text),),
        )
        for index, (text, site) in enumerate(zip(HOSTILE_TEXTS, recording.sites, strict=True))
    )
    return Document(recording, findings, tuple(NotJudged(text, text, text) for text in HOSTILE_TEXTS))


def deep_document() -> Document:
    """`deep_stack` with many dead units at the first 40 of its sites."""
    recording = deep_stack()
    findings = tuple(
        Finding("RL201", "dead-units", "warning", f"1,200 of 10,000 units after {site.after} are dead.", SCRIPT, 20, site.after, site.id)
        for site in recording.sites[:40]
    )
    return Document(recording, findings)
