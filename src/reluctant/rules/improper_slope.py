"""RL502."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reluctant.recording import Cause, Finding, Location, Parameter, ParameterMoment, Recording, Severity, Site
from reluctant.recording.example import SCRIPT, twice

from ._network import Network, build_network, place_of
from ._output_head import named
from ._rule import Rule
from .testing import Expected, RuleCase


@dataclass(frozen=True, slots=True)
class Impropriety:
    """What is wrong with an activation's arguments."""

    severity: Severity
    why: str


class ImproperSlope(Rule):
    """An activation was given a slope that makes it another function than its name says.

    ## What it does

    Looks at the arguments of activations: slopes of Leaky ReLU and RReLU that are negative, 1 or above; a negative α
    of ELU and CELU, a negative β of softplus; a PReLU that starts at 1 or below 0; and booleans in the place of
    numbers.

    ## Why is this bad?

    Many activations in PyTorch take `inplace=True`. `nn.LeakyReLU(True)` does not: its first argument is the negative
    slope, True counts as 1, and the activation is the identity. Layers with nothing but the identity between them are
    one layer. A slope above 1 makes the negative side the steeper one and lets gradients grow with depth; a negative
    slope folds the line over, so that x and −x/slope become the same and order is lost.

    ## How it decides

    By the arguments alone. It is a **warning** where the function is changed: Leaky ReLU or RReLU with a slope of 1
    or more or below 0; ELU or CELU with α below 0; softplus with β below 0. It is **advice** where the function is
    still sound: a boolean that happens to equal a usable number (`nn.ELU(True)` is α = 1), or a learned slope that
    starts at 1 or below 0.

    ## Remedy

    `nn.LeakyReLU(0.01)`, or `nn.LeakyReLU(inplace=True)` if that was meant. The slopes in use lie between 0.01 and
    0.3.

    ## When to ignore it

    When |x| or another folded line is wanted; then `torch.abs` says so more plainly.

    ## Sources

    Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013); Xu, Wang, Chen, Li,
    "Empirical evaluation of rectified activations in convolutional network" (2015).
    """

    code = "RL502"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(True), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("True", "0.01")

    def check(self, recording: Recording) -> Iterator[Finding]:
        """Yield a finding for each activation with arguments that do not fit its name."""
        network = build_network(recording)
        for site in network.sites_in_order():
            wrong = _wrong(site, network) if site.role != "loss" else None
            if wrong is not None:
                yield self._finding(site, wrong)

    def _finding(self, site: Site, wrong: Impropriety) -> Finding:
        return self.finding(
            f"The {named(site)} {wrong.why}.",
            place_of(site),
            severity=wrong.severity,
            layer=site.after,
            site=site.id,
            evidence={**site.parameters, "booleans": list(site.booleans)},
            cause=Cause("activation-choice", f"{site.operation} {wrong.why}."),
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        def activation(operation: str, *booleans: str, **parameters: float) -> Recording:
            return Recording(
                script=SCRIPT, sites=(Site(0, operation, parameters, place=Location(SCRIPT, 22), after="fc1", booleans=booleans),)
            )

        def prelu(start: float, spread: float = 0.0, step: int = 0) -> Recording:
            site = Site(0, "prelu", place=Location(SCRIPT, 22), after="fc1", slope=0)
            slopes = Parameter(0, "p.weight", (1,), "slope", moments=(ParameterMoment(step, start, spread, start, start),))
            return Recording(script=SCRIPT, sites=(site,), parameters=(slopes,))

        return (
            RuleCase("leaky relu", activation("leaky_relu", negative_slope=0.01)),
            RuleCase("leaky relu at 0.99", activation("leaky_relu", negative_slope=0.99)),
            RuleCase(
                "leaky relu at 1", activation("leaky_relu", "negative_slope", negative_slope=1.0),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0, treatments=("swap-activation:leaky_relu",),
                    message="The leaky_relu after fc1 has a negative slope of 1 (a boolean was given: Leaky ReLU's first argument is "
                    "no inplace): it is the identity, and the layers around it are one.",
                    evidence={"negative_slope": 1.0, "booleans": ["negative_slope"]},
                    because="leaky_relu has a negative slope of 1 (a boolean was given: Leaky ReLU's first argument is no inplace): "
                    "it is the identity, and the layers around it are one.",
                ),
            ),
            RuleCase(
                "leaky relu at 1.01", activation("leaky_relu", negative_slope=1.01),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The leaky_relu after fc1 has a negative slope of 1.01: its negative side is the steeper one, and "
                    "gradients grow through it.",
                    evidence={"negative_slope": 1.01, "booleans": []},
                    because="leaky_relu has a negative slope of 1.01: its negative side is the steeper one, and gradients grow "
                    "through it.",
                ),
            ),
            RuleCase("leaky relu at 0", activation("leaky_relu", negative_slope=0.0)),
            RuleCase(
                "leaky relu below 0", activation("leaky_relu", negative_slope=-0.01),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The leaky_relu after fc1 has a negative slope of -0.01: it folds the negative side upwards, so that it "
                    "is not monotone.",
                    evidence={"negative_slope": -0.01, "booleans": []},
                    because="leaky_relu has a negative slope of -0.01: it folds the negative side upwards, so that it is not "
                    "monotone.",
                ),
            ),
            RuleCase(
                "leaky relu given False", activation("leaky_relu", "negative_slope", negative_slope=0.0),
                Expected(
                    "advice", "activation-choice", 22, layer="fc1", site=0,
                    message="The leaky_relu after fc1 was given a boolean where a number belongs (negative_slope = 0); inplace=True "
                    "was probably meant.",
                    evidence={"negative_slope": 0.0, "booleans": ["negative_slope"]},
                    because="leaky_relu was given a boolean where a number belongs (negative_slope = 0); inplace=True was probably "
                    "meant.",
                ),
            ),
            RuleCase("rrelu", activation("rrelu", lower=0.125, upper=0.333)),
            RuleCase(
                "rrelu up to 1", activation("rrelu", lower=0.125, upper=1.0),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The rrelu after fc1 has a range of slopes of 1: it is the identity, and the layers around it are one.",
                    evidence={"lower": 0.125, "upper": 1.0, "booleans": []},
                    because="rrelu has a range of slopes of 1: it is the identity, and the layers around it are one.",
                ),
            ),
            RuleCase(
                "rrelu from below 0", activation("rrelu", lower=-0.1, upper=0.3),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The rrelu after fc1 has a range of slopes of -0.1: it folds the negative side upwards, so that it is "
                    "not monotone.",
                    evidence={"lower": -0.1, "upper": 0.3, "booleans": []},
                    because="rrelu has a range of slopes of -0.1: it folds the negative side upwards, so that it is not monotone.",
                ),
            ),
            RuleCase("elu", activation("elu", alpha=1.0)),
            RuleCase(
                "elu given True", activation("elu", "alpha", alpha=1.0),
                Expected(
                    "advice", "activation-choice", 22, layer="fc1", site=0,
                    message="The elu after fc1 was given a boolean where a number belongs (alpha = 1); inplace=True was probably "
                    "meant.",
                    evidence={"alpha": 1.0, "booleans": ["alpha"]},
                    because="elu was given a boolean where a number belongs (alpha = 1); inplace=True was probably meant.",
                ),
            ),
            RuleCase(
                "elu below 0", activation("elu", alpha=-0.5),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The elu after fc1 has α = -0.5: below 0 it bends upwards again, so that it is not monotone.",
                    evidence={"alpha": -0.5, "booleans": []},
                    because="elu has α = -0.5: below 0 it bends upwards again, so that it is not monotone.",
                ),
            ),
            RuleCase(
                "celu below 0", activation("celu", alpha=-0.5),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The celu after fc1 has α = -0.5: below 0 it bends upwards again, so that it is not monotone.",
                    evidence={"alpha": -0.5, "booleans": []},
                    because="celu has α = -0.5: below 0 it bends upwards again, so that it is not monotone.",
                ),
            ),
            RuleCase("softplus", activation("softplus", beta=1.0, threshold=20.0)),
            RuleCase(
                "softplus below 0", activation("softplus", beta=-1.0, threshold=20.0),
                Expected(
                    "warning", "activation-choice", 22, layer="fc1", site=0,
                    message="The softplus after fc1 has β = -1: it is negative everywhere and bounded above.",
                    evidence={"beta": -1.0, "threshold": 20.0, "booleans": []},
                    because="softplus has β = -1: it is negative everywhere and bounded above.",
                ),
            ),
            RuleCase("prelu", prelu(0.25)),
            RuleCase(
                "prelu from 1", prelu(1.0),
                Expected(
                    "advice", "activation-choice", 22, layer="fc1", site=0,
                    message="The prelu after fc1 starts with a slope of 1: a straight line.",
                    evidence={"booleans": []},
                    because="prelu starts with a slope of 1: a straight line.",
                ),
            ),
            RuleCase(
                "prelu from below 0", prelu(-0.5),
                Expected(
                    "advice", "activation-choice", 22, layer="fc1", site=0,
                    message="The prelu after fc1 starts with a slope of -0.5: steeper or folded on its negative side.",
                    evidence={"booleans": []},
                    because="prelu starts with a slope of -0.5: steeper or folded on its negative side.",
                ),
            ),
            RuleCase("prelu from various slopes", prelu(1.0, spread=0.2)),
            RuleCase("prelu first seen later", prelu(1.0, step=500)),
            RuleCase("relu", activation("relu")),
            RuleCase(
                "two such networks",
                twice(activation("leaky_relu", "negative_slope", negative_slope=1.0)),
                Expected("warning", "activation-choice", 22),
                Expected("warning", "activation-choice", 122),
            ),
        )


def _wrong(site: Site, network: Network) -> Impropriety | None:
    values = site.parameters
    match site.operation:
        case "leaky_relu":
            return _slope(values.get("negative_slope"), "negative slope", site)
        case "rrelu":
            lower, upper = values.get("lower"), values.get("upper")
            return _slope(lower if lower is not None and lower < 0.0 else upper, "range of slopes", site)
        case "elu" | "celu" if values.get("alpha", 1.0) < 0.0:
            return Impropriety("warning", f"has α = {values['alpha']:g}: below 0 it bends upwards again, so that it is not monotone")
        case "softplus" if values.get("beta", 1.0) < 0.0:
            return Impropriety("warning", f"has β = {values['beta']:g}: it is negative everywhere and bounded above")
        case "prelu":
            return _start(network.parameters.get(site.slope) if site.slope is not None else None)
    return _boolean(site)


def _slope(slope: float | None, what: str, site: Site) -> Impropriety | None:
    if slope is None or 0.0 <= slope < 1.0:
        return _boolean(site)
    given = " (a boolean was given: Leaky ReLU's first argument is no inplace)" if site.booleans else ""
    effect = "it folds the negative side upwards, so that it is not monotone"
    if slope == 1.0:
        effect = "it is the identity, and the layers around it are one"
    elif slope > 1.0:
        effect = "its negative side is the steeper one, and gradients grow through it"
    return Impropriety("warning", f"has a {what} of {slope:g}{given}: {effect}")


def _boolean(site: Site) -> Impropriety | None:
    if not site.booleans:
        return None
    arguments = ", ".join(f"{name} = {site.parameters.get(name, 1.0):g}" for name in site.booleans)
    return Impropriety("advice", f"was given a boolean where a number belongs ({arguments}); inplace=True was probably meant")


def _start(slopes: Parameter | None) -> Impropriety | None:
    start = slopes.moments[0] if slopes and slopes.moments else None
    if start is None or start.std > 0.0 or 0.0 <= start.mean < 1.0 or start.step > 0:
        return None
    effect = "a straight line" if start.mean == 1.0 else "steeper or folded on its negative side"
    return Impropriety("advice", f"starts with a slope of {start.mean:g}: {effect}")
