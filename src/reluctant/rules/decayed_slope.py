"""RL501."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reluctant.numbers import share
from reluctant.recording import (
    Cause,
    Finding,
    Location,
    NotJudged,
    Optimizer,
    OptimizerGroup,
    Parameter,
    ParameterMoment,
    Recording,
    Site,
)
from reluctant.recording.example import SCRIPT, twice

from ._network import build_network, place_of
from ._rule import Rule
from .testing import Expected, RuleCase

GRADIENT_SCALED = frozenset({"Adam", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Rprop"})
"""Optimizers that add the decay to the gradient and then scale both by the gradient's size (torch's defaults)."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What weight decay did to the slopes of one parameter."""

    parameter: Parameter
    first: float
    last: float
    decayed: float
    """By how much decay alone lowered the mean slope, as a share of the whole fall."""


class DecayedSlope(Rule):
    """Weight decay pulls the learned slopes of PReLU to 0.

    ## What it does

    Looks at the slopes of PReLU in optimizer groups with weight decay: how far they fell, and how much of the fall is
    due to the decay.

    ## Why is this bad?

    Weight decay asks for small weights because small weights make smooth functions. A slope is no weight in that
    sense: at 0 the unit is a plain ReLU, with the dead side that PReLU was chosen to avoid. The authors of PReLU
    train without decay on the slopes for this reason.

    ## How it decides

    The mean slope must have fallen to half of its start or below, and the decay must account for at least half of the
    fall. What decay does follows from the update rule: learning rate × decay × slope, summed over the steps, divided
    by 1 − momentum where there is some. Under Adam, whose decay joins the gradient before it is scaled, its part is
    decay × slope against the mean gradient of the slopes.

    ## Remedy

    Put the slopes into a parameter group of their own with `weight_decay=0`.

    ## When to ignore it

    When slopes near 0 are wanted.

    ## Sources

    He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), section 2.1: "we do not use weight decay (l2
    regularization) when updating a_i. A weight decay tends to push a_i to zero, and thus biases PReLU toward ReLU."
    """

    code = "RL501"
    severity = "warning"
    harms_loss = False
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(4, 32), nn.PReLU(32), nn.Linear(32, 32), nn.PReLU(32), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.05)
for step in range(120):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace(
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.05)",
        '''weights = [p for layer in model if isinstance(layer, nn.Linear) for p in layer.parameters()]
slopes = [p for layer in model if isinstance(layer, nn.PReLU) for p in layer.parameters()]
groups = [{"params": weights, "weight_decay": 0.05}, {"params": slopes, "weight_decay": 0.0}]
optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9)''',
    )

    LEAST_FALL = 0.5
    """Share of the mean slope that must be gone: below a half of PReLU's 0.25 it is on its way to a ReLU."""

    LEAST_PART = 0.5
    """Share of the fall that decay must account for: with less, the loss itself asks for smaller slopes."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield one finding for each optimizer that decays slopes, with the numbers of the slope that fell furthest."""
        parameters = {parameter.id: parameter for parameter in recording.parameters}
        for optimizer in recording.optimizers:
            pulls: list[tuple[OptimizerGroup, Pull]] = []
            for group in optimizer.groups:
                slopes = [parameters[number] for number in group.parameters if number in parameters and parameters[number].role == "slope"]
                if group.weight_decay > 0.0:
                    pulls += [(group, pull) for slope in slopes if (pull := _pull(optimizer, group, slope))]
                    if slopes and all(len(slope.moments) < 2 for slope in slopes):
                        yield self.not_judged("the slopes of PReLU were measured at one moment only")
            fallen = [(group, pull) for group, pull in pulls if self._fell(pull)]
            if fallen:
                yield self._finding(recording, optimizer, fallen)

    def _fell(self, pull: Pull) -> bool:
        return abs(pull.last) <= (1.0 - self.LEAST_FALL) * abs(pull.first) and pull.decayed >= self.LEAST_PART

    def _finding(self, recording: Recording, optimizer: Optimizer, fallen: list[tuple[OptimizerGroup, Pull]]) -> Finding:
        group, worst = max(fallen, key=lambda one: 1.0 - abs(one[1].last / one[1].first))
        site = next((site for site in build_network(recording).sites_in_order() if site.slope == worst.parameter.id), None)
        name = worst.parameter.name or "the slopes"
        decay, part = f"the weight decay of {optimizer.type} ({group.weight_decay:g})", f"{share(min(worst.decayed, 1.0))}"
        others = f" The same holds for {len(fallen) - 1} more." if len(fallen) > 1 else ""
        return self.finding(
            f"The mean of {name} fell from {worst.first:.3g} to {worst.last:.3g} in {optimizer.steps:,} steps, and {decay} accounts for "
            f"{part} of the fall: PReLU is on its way to a plain ReLU.{others}",
            optimizer.built or (place_of(site) if site else None),
            layer=site.after if site else "",
            site=site.id if site else None,
            evidence={
                "weight_decay": group.weight_decay,
                "slope_first": worst.first,
                "slope_last": worst.last,
                "decay_part": worst.decayed,
                "slopes": [pull.parameter.name for _, pull in fallen],
                "steps": optimizer.steps,
            },
            cause=Cause("weight-decay", f"{decay[0].upper() + decay[1:]} accounts for {part} of the slopes' fall."),
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        STEPS = tuple(range(0, 1001, 50))

        def slopes(
            optimizer: str = "SGD",
            last: float = 0.05,
            decay: float = 1e-2,
            lr: float = 0.05,
            momentum: float = 0.9,
            gradient: float | None = 0.0,
            role: Literal["slope", "weight"] = "slope",
            steps: tuple[int, ...] = STEPS,
        ) -> Recording:
            """Slopes that start at 0.25 and fall to `last` by the same factor a step."""
            means = [0.25 * math.exp(math.log(last / 0.25) * step / steps[-1]) if steps[-1] else 0.25 for step in steps]
            moments = tuple(
                ParameterMoment(step, mean, 0.01, mean - 0.02, mean + 0.02, gradient_rms=1e-3, gradient_mean=gradient)
                for step, mean in zip(steps, means, strict=True)
            )
            group = OptimizerGroup(lr, decay, momentum, (0,), ((0, lr),))
            return Recording(
                script=SCRIPT,
                steps=1001,
                passes=1001,
                sites=(Site(0, "prelu", place=Location(SCRIPT, 18), after="fc1", slope=0),),
                parameters=(Parameter(0, "p1.weight", (64,), role, 0, 0, moments=moments),),
                optimizers=(Optimizer(0, optimizer, Location(SCRIPT, 30), (group,), 1001),),
            )

        def two_rates() -> Recording:
            """A rate so small that decay does nothing, after a first step at a large one."""
            group = OptimizerGroup(1e-6, 1e-2, 0.9, (0,), ((0, 0.05), (1, 1e-6)))
            return replace(slopes(lr=0.05), optimizers=(Optimizer(0, "SGD", groups=(group,)),))

        return (
            RuleCase("no decay", slopes(decay=0.0)),
            RuleCase(
                "decay, SGD", slopes(),
                Expected(
                    "warning", "weight-decay", 30, layer="fc1", site=0, treatments=("no-slope-decay",),
                    message="The mean of p1.weight fell from 0.25 to 0.05 in 1,001 steps, and the weight decay of SGD (0.01) "
                    "accounts for 100 % of the fall: PReLU is on its way to a plain ReLU.",
                    evidence={
                        "weight_decay": 0.01, "slope_first": 0.25, "slope_last": 0.05, "decay_part": 3.108, "slopes": ["p1.weight"],
                        "steps": 1001,
                    },
                    because="The weight decay of SGD (0.01) accounts for 100 % of the slopes' fall.",
                ),
            ),
            RuleCase("fallen to just above a half", slopes(last=0.13)),
            RuleCase("fallen to just below a half", slopes(last=0.12), Expected("warning", "weight-decay", 30)),
            RuleCase("decay accounts for 48 % of the fall", slopes(decay=1.55e-3)),
            RuleCase("decay accounts for 53 % of the fall", slopes(decay=1.7e-3), Expected("warning", "weight-decay", 30)),
            RuleCase("no momentum, too little", slopes(momentum=0.0)),
            RuleCase("no momentum, larger decay", slopes(momentum=0.0, decay=4e-2), Expected("warning", "weight-decay", 30)),
            RuleCase(
                "AdamW", slopes("AdamW", decay=4e-2),
                Expected(
                    "warning", "weight-decay", 30, layer="fc1", site=0,
                    message="The mean of p1.weight fell from 0.25 to 0.05 in 1,001 steps, and the weight decay of AdamW (0.04) "
                    "accounts for 100 % of the fall: PReLU is on its way to a plain ReLU.",
                    evidence={
                        "weight_decay": 0.04, "slope_first": 0.25, "slope_last": 0.05, "decay_part": 1.243, "slopes": ["p1.weight"],
                        "steps": 1001,
                    },
                    because="The weight decay of AdamW (0.04) accounts for 100 % of the slopes' fall.",
                ),
            ),
            RuleCase("AdamW, decay accounts for less than half", slopes("AdamW", decay=1e-2)),
            RuleCase("Adam, the loss asks for it", slopes("Adam", momentum=0.0, decay=1e-4, gradient=1e-3)),
            RuleCase(
                "Adam, the decay does it", slopes("Adam", momentum=0.0, decay=1e-2, gradient=1e-4),
                Expected(
                    "warning", "weight-decay", 30, layer="fc1", site=0,
                    message="The mean of p1.weight fell from 0.25 to 0.05 in 1,001 steps, and the weight decay of Adam (0.01) "
                    "accounts for 91 % of the fall: PReLU is on its way to a plain ReLU.",
                    evidence={
                        "weight_decay": 0.01, "slope_first": 0.25, "slope_last": 0.05, "decay_part": 0.9104, "slopes": ["p1.weight"],
                        "steps": 1001,
                    },
                    because="The weight decay of Adam (0.01) accounts for 91 % of the slopes' fall.",
                ),
            ),
            RuleCase("Adam, by the size of the gradient", slopes("Adam", momentum=0.0, decay=1e-4, gradient=None)),
            RuleCase("slopes grew", slopes(last=0.4)),
            RuleCase("weights, not slopes", slopes(role="weight")),
            RuleCase("measured once", slopes(steps=(0,)), not_judged="the slopes of PReLU were measured at one moment only"),
            RuleCase("the rate fell at once", two_rates()),
            RuleCase(
                "two such networks", twice(slopes()),
                Expected("warning", "weight-decay", 30),
                Expected("warning", "weight-decay", 130),
            ),
        )


def _pull(optimizer: Optimizer, group: OptimizerGroup, slope: Parameter) -> Pull | None:
    if len(slope.moments) < 2:
        return None
    first, last = slope.moments[0].mean, slope.moments[-1].mean
    if first == 0.0 or abs(last) >= abs(first) or not all(math.isfinite(moment.mean) for moment in slope.moments):
        return None
    decayed = _part_of_gradient(group, slope) if optimizer.type in GRADIENT_SCALED else _part_of_fall(optimizer, group, slope)
    return Pull(slope, first, last, decayed) if decayed is not None else None


def _part_of_fall(optimizer: Optimizer, group: OptimizerGroup, slope: Parameter) -> float:
    """Σ lr · decay · slope over the steps, against the fall: for rules that scale the decay by the learning rate alone.

    SGD's momentum adds the decay up, as it does the gradient; decoupled decay (AdamW) knows no momentum.
    """
    lowered = math.fsum(
        _rate_at(group, one.step) * group.weight_decay * (one.mean + other.mean) / 2 * (other.step - one.step)
        for one, other in itertools.pairwise(slope.moments)
    )
    momentum = min(group.momentum, 0.999) if optimizer.type == "SGD" else 0.0
    return lowered / (1.0 - momentum) / (slope.moments[0].mean - slope.moments[-1].mean)


def _part_of_gradient(group: OptimizerGroup, slope: Parameter) -> float | None:
    """Decay · slope against the whole gradient, on average: for rules that scale both by the gradient's size."""
    parts = [_part_at(group, moment) for moment in slope.moments]
    measured = [part for part in parts if part is not None]
    return math.fsum(measured) / len(measured) if measured else None


def _part_at(group: OptimizerGroup, moment: ParameterMoment) -> float | None:
    gradient = moment.gradient_mean if moment.gradient_mean is not None else moment.gradient_rms
    if gradient is None:
        return None
    decay = group.weight_decay * abs(moment.mean)
    whole = decay + abs(gradient)
    return decay / whole if whole > 0.0 else None


def _rate_at(group: OptimizerGroup, step: int) -> float:
    """The learning rate at `step`."""
    rate = group.lr_moments[0][1] if group.lr_moments else group.lr
    for since, value in group.lr_moments:
        if since <= step:
            rate = value
    return rate
