"""RL403."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.numbers import share
from reluctant.recording import Cause, Finding, Graph, Layer, Node, NotJudged, Recording, Site, UnitWindow, ValueStatistics
from reluctant.recording.example import twice

from ._output_head import LOGIT_LOSSES, Head, clips, cuts, head_finding, heads, named, rectifier
from ._rectified_latent import rectified_latents
from ._rule import Rule
from ._shortfall import HARMFUL_VARIANCE_SHARE, label_floors, shortfall
from ._value_range import ValueRange, softplus
from .testing import Expected, HeadStep, RuleCase, alive, always_on, output_head, silent, values


class RectifiedOutput(Rule):
    """A ReLU, or a function like it, stands on the output that feeds the loss.

    ## What it does

    Looks for an activation with a lower end (ReLU, ReLU6, `clamp`, softplus, ELU, GELU …) between the last layer and
    the loss, also beneath a final sigmoid, tanh or softmax, and on the mean or log-variance of a latent distribution.

    ## Why is this bad?

    Hidden ReLUs may be zero for many inputs, because other units speak. An output has no stand-in:

    - targets below the lower end cannot be reached, and the squared error keeps E[d²], d being their distance to it;
    - as a logit it cannot be negative, so the probability never falls below one half and the loss of a negative label
      never below ln 2;
    - as one of several class scores it passes no gradient for rows where it is 0, also where it belongs to the right
      class;
    - an output unit that starts below 0 on all rows stays there for ever;
    - the log-variance of a latent variable cannot be negative, so its noise never falls below standard deviation 1.

    ## How it decides

    The lower end follows from the activation. It is an **error** when all output units passed no gradient on any
    recent sample: nothing can be learned. It is a **warning** when a logit cannot be negative (the floor is at least
    a tenth of ln 2), when class scores are cut off on some rows, when targets below the end cost at least 2 % of
    their variance, when rows are held at 0 although no target is that low, when a clipped line stands where a
    probability belongs, or when a log-variance is rectified. It is **advice** when the activation is on for every row
    (it does nothing), or when few targets lie below. Where targets start at the lower end and the units are alive, as
    with counts, it is silent.

    ## Remedy

    No activation on the output. For positive targets use softplus or an exponential; for probabilities a sigmoid with
    binary cross-entropy, or better the raw score with `binary_cross_entropy_with_logits`.

    ## When to ignore it

    When a negative prediction must not occur, the targets are positive, and the output is alive.

    ## Sources

    The floors are elementary. That units without gradient stay as they are: Lu, Shin, Su, Karniadakis, "Dying ReLU
    and initialization" (2019).
    """

    code = "RL403"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = x[:, :1] - x[:, 1:2]
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.ReLU())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace(", nn.ReLU())", ")")

    LEAST_FLOOR_SHARE = 0.1
    """Of ln 2, the loss of a constant guess; a floor below a tenth of it costs no more than noisy labels do."""

    HELD_SHARE = 0.05
    """Rows held at the lower end though no target is that low. A sound output has none; one in twenty leaves room for the first steps."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each rectified output, and for each rectified mean or log-variance."""
        for head in heads(recording):
            site = None if head.single_class else rectifier(head)
            if site is not None:
                yield from self._judged(head, site)
        for latent in rectified_latents(recording):
            yield self.finding(
                latent.message,
                latent.place,
                layer=latent.site.after,
                site=latent.site.id,
                evidence=_state(latent.site),
                cause=Cause("head-loss-mismatch", latent.message),
            )

    def _judged(self, head: Head, site: Site) -> Iterator[Finding]:
        if head.loss.kind in LOGIT_LOSSES:
            yield from self._logit(head, site, head.interval)
        elif head.loss.kind == "binary_cross_entropy":
            yield from self._probability(head, site)
        elif head.class_scores is not None:
            if cuts(site) and site in head.score_sites:
                yield from self._class_scores(head, site)
        elif head.compares:
            yield from self._prediction(head, site)

    def _logit(self, head: Head, site: Site, logit: ValueRange) -> Iterator[Finding]:
        _, negative = label_floors(logit, head.loss.targets)
        if negative >= self.LEAST_FLOOR_SHARE * math.log(2.0) and softplus(-logit.upper) < self.LEAST_FLOOR_SHARE * math.log(2.0):
            why = f"the logit cannot fall below {logit.lower:.3g}, so the loss of a negative label cannot fall below {negative:.3f}"
            yield self._finding(head, site, why, {"floor_negative": negative})

    def _probability(self, head: Head, site: Site) -> Iterator[Finding]:
        squash = head.sites[0]
        if squash.operation == "sigmoid":
            yield from self._logit(head, site, head.before(squash))
        elif squash.operation == "softmax" and cuts(site):
            yield from self._class_scores(head, site)
        elif squash is site and cuts(site):
            yield from self._clipped(head, site)

    def _clipped(self, head: Head, site: Site) -> Iterator[Finding]:
        if site.operation == "hardsigmoid" and not _all_silent(site):
            return
        why = "a straight line is clipped to serve as a probability, and rows outside the clip get no gradient, also where they are wrong"
        yield self._finding(head, site, why, {})

    def _class_scores(self, head: Head, site: Site) -> Iterator[Finding]:
        if _always_on(site):
            yield self._finding(head, site, "the class scores were never negative, so it did nothing", {}, advice=True)
        else:
            why = "a class score that is not positive gets no gradient, also on rows of its own class"
            yield self._finding(head, site, why, {})

    def _prediction(self, head: Head, site: Site) -> Iterator[Finding]:
        targets, low = head.loss.targets, head.target_interval.lower
        if targets is None or low == -math.inf or clips(head, site):
            return
        short = shortfall(targets, ValueRange(lower=low))
        evidence = {
            "lower_end": low,
            "below_share": short.outside_share,
            "floor_mse": short.mean_square,
            "variance_share": short.variance_share,
            "targets": [targets.minimum, targets.maximum],
            "target_count": targets.count,
        }
        below = f"{share(short.outside_share)} of {targets.count:,} targets lie below {low:.3g}, down to {targets.minimum:.4g}"
        if short.variance_share >= HARMFUL_VARIANCE_SHARE:
            cost = f", which leaves a squared error of at least {short.mean_square:.3g}"
            yield self._finding(head, site, f"{below}{cost}", evidence)
        elif cuts(site) and _all_silent(site) and targets.std > 0.0:
            yield self._finding(head, site, "its output does not move", evidence)
        elif cuts(site) and low == 0.0 and targets.minimum > 0.0 and _held_share(site) >= self.HELD_SHARE:
            why = f"{share(_held_share(site))} of its values are 0 and get no gradient, though no target is below {targets.minimum:.3g}"
            yield self._finding(head, site, why, evidence)
        elif short.outside_share > 0.0:
            yield self._finding(head, site, below, evidence, advice=True)
        elif cuts(site) and _always_on(site):
            yield self._finding(head, site, "it was on for every row, so it does nothing", evidence, advice=True)

    def _finding(self, head: Head, site: Site, why: str, evidence: dict[str, object], *, advice: bool = False) -> Finding:
        silent = cuts(site) and _all_silent(site)
        message = f"The {named(site)} stands on the output that feeds {head.loss.kind}: {why}."
        if silent:
            window = _window(site)
            message += f" None of its {site.units} units passed any gradient on the last {window.samples if window else 0:,} samples."
        return head_finding(
            self,
            head,
            message,
            site=site,
            severity="error" if silent else "advice" if advice else "warning",
            cause=Cause("head-loss-mismatch", f"With the {named(site)} on the output, {why}."),
            evidence={**evidence, **_state(site)},
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        BCE = "binary_cross_entropy"

        LABELS = values(0, 1, distinct=(0.0, 1.0))

        SIGNED, POSITIVE, COUNTS = values(-2, 2), values(1, 9), values(0, 9)

        def number(*steps: HeadStep, targets: ValueStatistics | None = SIGNED, **changes: Any) -> Recording:
            return output_head("mse_loss", steps, targets=targets, **changes)

        def classes(*steps: HeadStep, kind: str = "cross_entropy") -> Recording:
            return output_head(kind, steps, classes=4)

        def labels(*steps: HeadStep, kind: str = "binary_cross_entropy_with_logits") -> Recording:
            return output_head(kind, steps, targets=LABELS)

        def latent(mean: str = "relu", log_variance: str = "relu", penalty: bool = True) -> Recording:
            """A latent variable: noise × exp(log-variance / 2) + mean goes on to a decoder, and both into a penalty."""
            heads = output_head("custom", (HeadStep(mean, 24), HeadStep(log_variance, 25)), classes=8)
            mu, spread = heads.sites[1], heads.sites[0]
            nodes = (
                Node(0, "add", "affine", (1, 2) if penalty else (1,)),
                Node(1, "addmm", "weight", (3,), layer=1),
                Node(2, "add", "affine", (8, 7)),
                Node(3, "add", "affine", (8, 4)),
                Node(4, "mul", "product", (5,)),
                Node(5, "exp", "elementwise", (6,)),
                Node(6, "mul", "affine", (9,), scale=0.5, offset=0.0),
                Node(7, "exp", "elementwise", (9,)),
                Node(8, mean, "activation", (10,), site=mu.id),
                Node(9, log_variance, "activation", (11,), site=spread.id),
                Node(10, "addmm", "weight", (12,), layer=0),
                Node(11, "addmm", "weight", (12,), layer=0),
                Node(12, "data", "data"),
            )
            decoder = Layer(1, "linear", "decoder", fan_in=8, fan_out=64)
            return replace(heads, graphs=(Graph(0, 10, nodes=nodes),), losses=(), layers=(*heads.layers, decoder))

        return (
            RuleCase("no activation", number()),
            RuleCase(
                "relu and signed targets", number(HeadStep("relu")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0, treatments=("remove-output-activation",),
                    message="The relu after head stands on the output that feeds mse_loss: 50 % of 6,400 targets lie below 0, down "
                    "to -2, which leaves a squared error of at least 0.667.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.5, "floor_mse": 0.6667, "variance_share": 0.5,
                        "targets": [-2, 2], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the relu after head on the output, 50 % of 6,400 targets lie below 0, down to -2, which leaves a "
                    "squared error of at least 0.667.",
                ),
            ),
            RuleCase(
                "relu that is dead", number(HeadStep("relu", seen=silent())),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds mse_loss: 50 % of 6,400 targets lie below 0, down "
                    "to -2, which leaves a squared error of at least 0.667. None of its 1 units passed any gradient on the last "
                    "1,280 samples.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.5, "floor_mse": 0.6667, "variance_share": 0.5,
                        "targets": [-2, 2], "target_count": 6400, "units": 1, "silent_units": 1, "zero_share": 1.0, "samples": 1280,
                    },
                ),
            ),
            RuleCase(
                "relu and positive targets, always on", number(HeadStep("relu", seen=always_on()), targets=POSITIVE),
                Expected(
                    "advice", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds mse_loss: it was on for every row, so it does "
                    "nothing.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.0, "floor_mse": 0.0, "variance_share": 0.0,
                        "targets": [1, 9], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the relu after head on the output, it was on for every row, so it does nothing.",
                ),
            ),
            RuleCase("relu and positive targets, held at 0 on 4 %", number(HeadStep("relu", seen=alive(1, 0.04)), targets=POSITIVE)),
            RuleCase(
                "relu and positive targets, held at 0 on 5 %", number(HeadStep("relu", seen=alive(1, 0.05)), targets=POSITIVE),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds mse_loss: 5 % of its values are 0 and get no "
                    "gradient, though no target is below 1.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.0, "floor_mse": 0.0, "variance_share": 0.0,
                        "targets": [1, 9], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.05, "samples": 1280,
                    },
                    because="With the relu after head on the output, 5 % of its values are 0 and get no gradient, though no target "
                    "is below 1.",
                ),
            ),
            RuleCase(
                "relu and positive targets, dead", number(HeadStep("relu", seen=silent()), targets=POSITIVE),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds mse_loss: its output does not move. None of its 1 "
                    "units passed any gradient on the last 1,280 samples.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.0, "floor_mse": 0.0, "variance_share": 0.0,
                        "targets": [1, 9], "target_count": 6400, "units": 1, "silent_units": 1, "zero_share": 1.0, "samples": 1280,
                    },
                    because="With the relu after head on the output, its output does not move.",
                ),
            ),
            RuleCase("relu and counts from 0", number(HeadStep("relu", seen=alive(1, 0.3)), targets=COUNTS)),
            RuleCase(
                "few targets below", number(HeadStep("relu"), targets=values(-0.1, 9)),
                Expected(
                    "advice", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds mse_loss: 1 % of 6,400 targets lie below 0, down to "
                    "-0.1.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.0125, "floor_mse": 3.588e-05, "variance_share": 5.2e-06,
                        "targets": [-0.1, 9], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the relu after head on the output, 1 % of 6,400 targets lie below 0, down to -0.1.",
                ),
            ),
            RuleCase(
                "floor just below 2 % of the variance", number(HeadStep("relu"), targets=values(-0.6, 3)),
                Expected("advice", "head-loss-mismatch", 40),
            ),
            RuleCase(
                "floor just above 2 % of the variance", number(HeadStep("relu"), targets=values(-0.65, 3)),
                Expected("warning", "head-loss-mismatch", 40),
            ),
            RuleCase(
                "softplus and signed targets", number(HeadStep("softplus")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softplus after head stands on the output that feeds mse_loss: 50 % of 6,400 targets lie below 0, "
                    "down to -2, which leaves a squared error of at least 0.667.",
                    evidence={
                        "loss": "mse_loss", "lower_end": 0.0, "below_share": 0.5, "floor_mse": 0.6667, "variance_share": 0.5,
                        "targets": [-2, 2], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the softplus after head on the output, 50 % of 6,400 targets lie below 0, down to -2, which leaves "
                    "a squared error of at least 0.667.",
                ),
            ),
            RuleCase("elu and targets above −1", number(HeadStep("elu", parameters={"alpha": 1.0}), targets=values(-0.9, 3))),
            RuleCase(
                "elu and targets down to −3", number(HeadStep("elu", parameters={"alpha": 1.0}), targets=values(-3, 3)),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The elu after head stands on the output that feeds mse_loss: 33 % of 6,400 targets lie below -1, down "
                    "to -3, which leaves a squared error of at least 0.444.",
                    evidence={
                        "loss": "mse_loss", "lower_end": -1.0, "below_share": 0.3344, "floor_mse": 0.4444, "variance_share": 0.1481,
                        "targets": [-3, 3], "target_count": 6400, "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the elu after head on the output, 33 % of 6,400 targets lie below -1, down to -3, which leaves a "
                    "squared error of at least 0.444.",
                ),
            ),
            RuleCase("leaky relu", number(HeadStep("leaky_relu", parameters={"negative_slope": 0.01}))),
            RuleCase("hardtanh is RL404's", number(HeadStep("hardtanh"))),
            RuleCase(
                "relu beneath a sigmoid", number(HeadStep("relu"), HeadStep("sigmoid", 41), targets=values(0, 1)),
                Expected("warning", "head-loss-mismatch", 40),
            ),
            RuleCase(
                "a clamp that guards a sigmoid", number(HeadStep("sigmoid"), HeadStep("clamp", 41, {"min": 1e-7}), targets=values(0, 1)),
            ),
            RuleCase("no targets seen", number(HeadStep("relu"), targets=None)),
            RuleCase(
                "logit", labels(HeadStep("relu")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds binary_cross_entropy_with_logits: the logit cannot "
                    "fall below 0, so the loss of a negative label cannot fall below 0.693.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_negative": 0.6931, "units": 1, "silent_units": 0,
                        "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the relu after head on the output, the logit cannot fall below 0, so the loss of a negative label "
                    "cannot fall below 0.693.",
                ),
            ),
            RuleCase(
                "logit of softplus", labels(HeadStep("softplus")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softplus after head stands on the output that feeds binary_cross_entropy_with_logits: the logit "
                    "cannot fall below 0, so the loss of a negative label cannot fall below 0.693.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_negative": 0.6931, "units": 1, "silent_units": 0,
                        "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the softplus after head on the output, the logit cannot fall below 0, so the loss of a negative "
                    "label cannot fall below 0.693.",
                ),
            ),
            RuleCase(
                "logit of relu6", labels(HeadStep("relu6")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu6 after head stands on the output that feeds binary_cross_entropy_with_logits: the logit cannot "
                    "fall below 0, so the loss of a negative label cannot fall below 0.693.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_negative": 0.6931, "units": 1, "silent_units": 0,
                        "zero_share": 0.0, "samples": 1280,
                    },
                    because="With the relu6 after head on the output, the logit cannot fall below 0, so the loss of a negative label "
                    "cannot fall below 0.693.",
                ),
            ),
            RuleCase("logit of sigmoid is RL402's", labels(HeadStep("sigmoid"))),
            RuleCase(
                "relu beneath the sigmoid of a probability", labels(HeadStep("relu"), HeadStep("sigmoid", 41), kind=BCE),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=1,
                    message="The relu after head stands on the output that feeds binary_cross_entropy: the logit cannot fall below "
                    "0, so the loss of a negative label cannot fall below 0.693.",
                    evidence={
                        "loss": "binary_cross_entropy", "floor_negative": 0.6931, "units": 1, "silent_units": 0, "zero_share": 0.0,
                        "samples": 1280,
                    },
                ),
            ),
            RuleCase("sigmoid as probability", labels(HeadStep("sigmoid"), kind=BCE)),
            RuleCase(
                "sigmoid as probability, guarded", labels(HeadStep("sigmoid"), HeadStep("clamp", 41, {"min": 1e-7, "max": 1.0}), kind=BCE),
            ),
            RuleCase(
                "clipped line as probability", labels(HeadStep("clamp", parameters={"min": 0.0, "max": 1.0}), kind=BCE),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The clamp after head stands on the output that feeds binary_cross_entropy: a straight line is clipped "
                    "to serve as a probability, and rows outside the clip get no gradient, also where they are wrong.",
                    evidence={"loss": "binary_cross_entropy", "units": 1, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                    because="With the clamp after head on the output, a straight line is clipped to serve as a probability, and rows "
                    "outside the clip get no gradient, also where they are wrong.",
                ),
            ),
            RuleCase("hardsigmoid as probability", labels(HeadStep("hardsigmoid"), kind=BCE)),
            RuleCase(
                "hardsigmoid as probability, dead", labels(HeadStep("hardsigmoid", seen=silent()), kind=BCE),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The hardsigmoid after head stands on the output that feeds binary_cross_entropy: a straight line is "
                    "clipped to serve as a probability, and rows outside the clip get no gradient, also where they are wrong. None "
                    "of its 1 units passed any gradient on the last 1,280 samples.",
                    evidence={"loss": "binary_cross_entropy", "units": 1, "silent_units": 1, "zero_share": 1.0, "samples": 1280},
                    because="With the hardsigmoid after head on the output, a straight line is clipped to serve as a probability, "
                    "and rows outside the clip get no gradient, also where they are wrong.",
                ),
            ),
            RuleCase(
                "class scores", classes(HeadStep("relu")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds cross_entropy: a class score that is not positive "
                    "gets no gradient, also on rows of its own class.",
                    evidence={"loss": "cross_entropy", "units": 4, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                    because="With the relu after head on the output, a class score that is not positive gets no gradient, also on "
                    "rows of its own class.",
                ),
            ),
            RuleCase(
                "class scores, all dead", classes(HeadStep("relu", seen=silent(4, 4))),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds cross_entropy: a class score that is not positive "
                    "gets no gradient, also on rows of its own class. None of its 4 units passed any gradient on the last 1,280 "
                    "samples.",
                    evidence={"loss": "cross_entropy", "units": 4, "silent_units": 4, "zero_share": 1.0, "samples": 1280},
                ),
            ),
            RuleCase(
                "class scores, always on", classes(HeadStep("relu", seen=always_on(4))),
                Expected(
                    "advice", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The relu after head stands on the output that feeds cross_entropy: the class scores were never "
                    "negative, so it did nothing.",
                    evidence={"loss": "cross_entropy", "units": 4, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                    because="With the relu after head on the output, the class scores were never negative, so it did nothing.",
                ),
            ),
            RuleCase("class scores of softplus", classes(HeadStep("softplus"))),
            RuleCase(
                "class scores beneath a log_softmax", classes(HeadStep("relu"), HeadStep("log_softmax", 41), kind="nll_loss"),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=1,
                    message="The relu after head stands on the output that feeds nll_loss: a class score that is not positive gets "
                    "no gradient, also on rows of its own class.",
                    evidence={"loss": "nll_loss", "units": 4, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                ),
            ),
            RuleCase(
                "rectified mean and log-variance", latent(),
                Expected(
                    "warning", "head-loss-mismatch", 25, layer="head", site=0,
                    message="The relu after head is the logarithm of a scale, and its exponential feeds the loss: it cannot be "
                    "negative, so the scale never falls below 1.",
                    evidence={"units": 8, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                    because="The relu after head is the logarithm of a scale, and its exponential feeds the loss: it cannot be "
                    "negative, so the scale never falls below 1.",
                ),
                Expected(
                    "warning", "head-loss-mismatch", 24, layer="head", site=1,
                    message="The relu after head is the mean of a latent variable and feeds the loss a second time: it cannot be "
                    "negative, and a unit that is 0 on all rows gets no gradient.",
                    evidence={"units": 8, "silent_units": 0, "zero_share": 0.0, "samples": 1280},
                    because="The relu after head is the mean of a latent variable and feeds the loss a second time: it cannot be "
                    "negative, and a unit that is 0 on all rows gets no gradient.",
                ),
            ),
            RuleCase("rectified log-variance", latent(mean="tanh"), Expected("warning", "head-loss-mismatch", 25)),
            RuleCase("rectified mean alone", latent(log_variance="tanh")),
            RuleCase("softplus instead", latent(log_variance="softplus")),
            RuleCase("no second way to the loss", latent(penalty=False)),
            RuleCase(
                "logit from -2.58 on", labels(HeadStep("clamp", parameters={"min": -2.58})),
                Expected("warning", "head-loss-mismatch", 40),
            ),
            RuleCase("logit from -2.69 on", labels(HeadStep("clamp", parameters={"min": -2.69}))),
            RuleCase("relu and positive targets, held at 0 on 4.7 %", number(HeadStep("relu", seen=alive(1, 0.047)), targets=POSITIVE)),
            RuleCase(
                "two such networks", twice(number(HeadStep("relu"))),
                Expected("warning", "head-loss-mismatch", 40),
                Expected("warning", "head-loss-mismatch", 140),
            ),
        )


def _window(site: Site) -> UnitWindow | None:
    return site.recent or site.whole


def _all_silent(site: Site) -> bool:
    window = _window(site)
    return window is not None and window.passes.units > 0 and window.passes.zero == window.passes.units


def _always_on(site: Site) -> bool:
    window = _window(site)
    return window is not None and window.open.units > 0 and window.open.one == window.open.units


def _held_share(site: Site) -> float:
    """Share of output values that are exactly 0."""
    window = _window(site)
    return window.zero_share if window else 0.0


def _state(site: Site) -> dict[str, object]:
    window = _window(site)
    if window is None:
        return {}
    return {"units": window.passes.units, "silent_units": window.passes.zero, "zero_share": window.zero_share, "samples": window.samples}
