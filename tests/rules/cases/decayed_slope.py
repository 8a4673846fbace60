"""RL501 from both sides."""

from __future__ import annotations

import math
from dataclasses import replace

from reluctant.recording import Location, Optimizer, OptimizerGroup, Parameter, ParameterMoment, Recording, Site
from tests.recordings import SCRIPT
from tests.rules.cases import Case

STEPS = tuple(range(0, 1001, 50))


def slopes(
    optimizer: str = "SGD",
    last: float = 0.05,
    decay: float = 1e-2,
    lr: float = 0.05,
    momentum: float = 0.9,
    gradient: float | None = 0.0,
    role: str = "slope",
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
        parameters=(Parameter(0, "p1.weight", (64,), role, 0, 0, moments=moments),),  # type: ignore[arg-type]
        optimizers=(Optimizer(0, optimizer, Location(SCRIPT, 30), (group,), 1001),),
    )


def two_rates() -> Recording:
    """A rate so small that decay does nothing, after a first step at a large one."""
    group = OptimizerGroup(1e-6, 1e-2, 0.9, (0,), ((0, 0.05), (1, 1e-6)))
    return replace(slopes(lr=0.05), optimizers=(Optimizer(0, "SGD", groups=(group,)),))


# Decay alone accounts for lr × decay × steps / (1 − momentum) in the logarithm of the slope; ln(0.25 / 0.05) = 1.61.
CASES = (
    Case("no decay", slopes(decay=0.0)),
    Case("decay, SGD", slopes(), "warning", "weight-decay", 30),
    Case("fallen to just above a half", slopes(last=0.13)),
    Case("fallen to just below a half", slopes(last=0.12), "warning"),
    Case("decay accounts for 48 % of the fall", slopes(decay=1.55e-3)),
    Case("decay accounts for 53 % of the fall", slopes(decay=1.7e-3), "warning"),
    Case("no momentum, too little", slopes(momentum=0.0)),
    Case("no momentum, larger decay", slopes(momentum=0.0, decay=4e-2), "warning"),
    Case("AdamW", slopes("AdamW", decay=4e-2), "warning"),
    Case("AdamW, decay accounts for less than half", slopes("AdamW", decay=1e-2)),
    Case("Adam, the loss asks for it", slopes("Adam", momentum=0.0, decay=1e-4, gradient=1e-3)),
    Case("Adam, the decay does it", slopes("Adam", momentum=0.0, decay=1e-2, gradient=1e-4), "warning"),
    Case("Adam, by the size of the gradient", slopes("Adam", momentum=0.0, decay=1e-4, gradient=None)),
    Case("slopes grew", slopes(last=0.4)),
    Case("weights, not slopes", slopes(role="weight")),
    Case("measured once", slopes(steps=(0,)), not_judged=True),
    Case("the rate fell at once", two_rates()),
)
