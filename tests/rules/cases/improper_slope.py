"""RL502 from both sides."""

from __future__ import annotations

from reluctant.recording import Location, Parameter, ParameterMoment, Recording, Site
from tests.recordings import SCRIPT
from tests.rules.cases import Case

CAUSE = "activation-choice"


def activation(operation: str, *booleans: str, start: float | None = None, spread: float = 0.0, step: int = 0, **parameters: float) -> Recording:
    site = Site(0, operation, parameters, place=Location(SCRIPT, 22), after="fc1", booleans=booleans, slope=0 if start is not None else None)
    moment = ParameterMoment(step, start or 0.0, spread, start or 0.0, start or 0.0)
    return Recording(script=SCRIPT, sites=(site,), parameters=(Parameter(0, "p.weight", (1,), "slope", moments=(moment,)),) if start is not None else ())


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
    Case("prelu", activation("prelu", start=0.25)),
    Case("prelu from 1", activation("prelu", start=1.0), "advice"),
    Case("prelu from below 0", activation("prelu", start=-0.5), "advice"),
    Case("prelu from various slopes", activation("prelu", start=1.0, spread=0.2)),
    Case("prelu first seen later", activation("prelu", start=1.0, step=500)),
    Case("relu", activation("relu")),
)
