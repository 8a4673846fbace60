"""RL502 from both sides."""

from __future__ import annotations

from reluctant.recording import Location, Parameter, ParameterMoment, Recording, Site
from tests.recordings import SCRIPT
from tests.rules.cases import Case

CAUSE = "activation-choice"


def activation(operation: str, *booleans: str, **parameters: float) -> Recording:
    return Recording(script=SCRIPT, sites=(Site(0, operation, parameters, place=Location(SCRIPT, 22), after="fc1", booleans=booleans),))


def prelu(start: float, spread: float = 0.0, step: int = 0) -> Recording:
    site = Site(0, "prelu", place=Location(SCRIPT, 22), after="fc1", slope=0)
    slopes = Parameter(0, "p.weight", (1,), "slope", moments=(ParameterMoment(step, start, spread, start, start),))
    return Recording(script=SCRIPT, sites=(site,), parameters=(slopes,))


CASES = (
    Case("leaky relu", activation("leaky_relu", negative_slope=0.01)),
    Case("leaky relu at 0.99", activation("leaky_relu", negative_slope=0.99)),
    Case("leaky relu at 1", activation("leaky_relu", "negative_slope", negative_slope=1.0), "warning", CAUSE, 22),
    Case("leaky relu at 1.01", activation("leaky_relu", negative_slope=1.01), "warning"),
    Case("leaky relu at 0", activation("leaky_relu", negative_slope=0.0)),
    Case("leaky relu below 0", activation("leaky_relu", negative_slope=-0.01), "warning", CAUSE),
    Case("leaky relu given False", activation("leaky_relu", "negative_slope", negative_slope=0.0), "advice"),
    Case("rrelu", activation("rrelu", lower=0.125, upper=0.333)),
    Case("rrelu up to 1", activation("rrelu", lower=0.125, upper=1.0), "warning"),
    Case("rrelu from below 0", activation("rrelu", lower=-0.1, upper=0.3), "warning"),
    Case("elu", activation("elu", alpha=1.0)),
    Case("elu given True", activation("elu", "alpha", alpha=1.0), "advice"),
    Case("elu below 0", activation("elu", alpha=-0.5), "warning"),
    Case("celu below 0", activation("celu", alpha=-0.5), "warning"),
    Case("softplus", activation("softplus", beta=1.0, threshold=20.0)),
    Case("softplus below 0", activation("softplus", beta=-1.0, threshold=20.0), "warning"),
    Case("prelu", prelu(0.25)),
    Case("prelu from 1", prelu(1.0), "advice"),
    Case("prelu from below 0", prelu(-0.5), "advice"),
    Case("prelu from various slopes", prelu(1.0, spread=0.2)),
    Case("prelu first seen later", prelu(1.0, step=500)),
    Case("relu", activation("relu")),
)
