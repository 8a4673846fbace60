"""RL404."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from reluctant.numbers import share
from reluctant.recording import Cause, Finding, Loss, NotJudged, Recording, Severity, Site, ValueStatistics
from reluctant.recording.example import twice

from ._output_head import LOGIT_LOSSES, Head, clips, head_finding, heads, named, rectifier
from ._rule import Rule
from ._shortfall import HARMFUL_VARIANCE_SHARE, Shortfall, shortfall
from ._value_range import ValueRange
from .testing import Expected, HeadStep, RuleCase, output_head, shift, values

PROBABILITY_LOSSES = frozenset({"binary_cross_entropy", "binary_cross_entropy_with_logits"})
"""Losses whose targets are probabilities, whatever the head."""

SIGN_LOSSES = frozenset({"soft_margin_loss", "hinge_embedding_loss"})
"""Losses whose labels are −1 and 1."""


class UnreachableTarget(Rule):
    """Targets lie outside the values that the output can take.

    ## What it does

    Compares the targets of a loss with the interval that its predictions can reach: (0, 1) after a sigmoid or a
    softmax, (−1, 1) after a tanh, the clip of a hardtanh, scaled and shifted by constants behind it; and the interval
    in which the loss itself takes targets: [0, 1] for binary cross-entropy, −1 and 1 for the margin losses.

    ## Why is this bad?

    No weights make a sigmoid give 7. The squared error keeps E[d²], d being a target's distance to the interval, the
    output saturates in the attempt, and the saturated output passes no gradient to the layers before it. Under binary
    cross-entropy with logits a target of 2 makes the loss fall without end, and every score is driven to infinity. A
    label 0 in a loss for −1 and 1 gives no gradient at all.

    ## How it decides

    The interval follows from the activation and from constant factors; where something unknown stands between, it
    says nothing. What lies outside, and E[d²], follow from the targets' quantiles. It is a **warning** when E[d²] is
    at least 2 % of the targets' variance, an **error** at 50 % and more (a constant would do as well), and **advice**
    when at least 5 % of the targets lie outside but hardly. Labels of a binary cross-entropy must moreover lie
    outside by 0.05 on average: noise on labels, a habit with GANs, does less and asks for nothing impossible. A lower
    end that a ReLU or its like sets is the matter of RL403.

    ## Remedy

    A linear output for a regression, or targets scaled into the interval. For classes: one score for each class and
    `cross_entropy`, with labels 0 to C−1.

    ## When to ignore it

    When the values beyond the interval are outliers that the output is meant to cut off.

    ## Sources

    The floor is elementary: the nearest point of an interval minimises the squared error.
    """

    code = "RL404"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = 5 * x[:, :1] + 10
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace(", nn.Sigmoid()", "")

    HOPELESS_VARIANCE_SHARE = 0.5
    """Of the targets' variance: with more of it out of reach than within, the output does little better than a constant."""

    NOTABLE_SHARE = 0.05
    """Of the targets outside the interval, though at little cost: one in twenty is no outlier any more."""

    LABEL_NOISE = 0.05
    """Mean distance of labels to [0, 1]. Labels drawn from 0.7 to 1.2 reach 0.04; a wrong encoding (−1 and 1, 1 to C) has some tenths."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each loss with targets outside what its output, or the loss itself, can take."""
        for head in heads(recording):
            if not head.single_class:
                yield from self._judged(head)

    def _judged(self, head: Head) -> Iterator[Finding | NotJudged]:
        targets, kind = head.loss.targets, head.loss.kind
        if head.compares:
            reachable = head.target_interval
            if reachable.bounded_below and _rectified(head):
                reachable = ValueRange(upper=reachable.upper)
            if targets is None and reachable.bounded:
                yield self.not_judged(f"no targets were seen for {kind} at line {head.place().line}")
            elif targets is not None and (reachable.bounded_below or reachable.bounded_above):
                yield from self._outside(head, reachable, targets)
        elif targets is not None and _takes_probabilities(head.loss):
            yield from self._outside_loss(head, targets)
        elif targets is not None and kind in SIGN_LOSSES and 0.0 in targets.distinct:
            yield self._unsigned(head, targets)

    def _outside(self, head: Head, reachable: ValueRange, targets: ValueStatistics) -> Iterator[Finding]:
        short = shortfall(targets, reachable)
        severity = self._severity(short)
        if severity is None:
            return
        site = _bounding(head)
        what = f"The {named(site)}" if site else "The output"
        message = (
            f"{what} reaches {reachable} only, but {_outside(short, targets)}: the squared error cannot fall below "
            f"{short.mean_square:.4g} (the targets' variance is {targets.std**2:.4g})."
        )
        yield self._found(head, site, reachable, targets, short, message, severity)

    def _outside_loss(self, head: Head, targets: ValueStatistics) -> Iterator[Finding]:
        reachable = ValueRange(0.0, 1.0)
        short = shortfall(targets, reachable)
        severity = self._severity(short)
        if severity is None:
            return
        severity = severity if short.mean >= self.LABEL_NOISE else "advice"
        site = _bounding(head) if head.loss.kind not in LOGIT_LOSSES else None
        message = (
            f"{head.loss.kind} compares each target with a probability, which lies within [0, 1], but {_outside(short, targets)}: "
            "no output can be right for them, and the loss can fall without end."
        )
        yield self._found(head, site, reachable, targets, short, message, severity, bounded="loss")

    def _unsigned(self, head: Head, targets: ValueStatistics) -> Finding:
        return head_finding(
            self,
            head,
            f"{head.loss.kind} takes labels −1 and 1, but among {targets.count:,} labels there is 0, "
            "whose rows pass no gradient whatever the score.",
            cause=Cause("target-range", "The label 0 in a loss that multiplies score and label."),
            evidence={"targets": [targets.minimum, targets.maximum], "target_count": targets.count},
        )

    def _severity(self, short: Shortfall) -> Severity | None:
        if short.variance_share >= self.HOPELESS_VARIANCE_SHARE:
            return "error"
        if short.variance_share >= HARMFUL_VARIANCE_SHARE:
            return "warning"
        return "advice" if short.outside_share >= self.NOTABLE_SHARE else None

    def _found(
        self,
        head: Head,
        site: Site | None,
        reachable: ValueRange,
        targets: ValueStatistics,
        short: Shortfall,
        message: str,
        severity: Severity,
        bounded: Literal["output", "loss"] = "output",
    ) -> Finding:
        return head_finding(
            self,
            head,
            message,
            site=site,
            severity=severity,
            cause=Cause("target-range", f"Targets from {targets.minimum:.4g} to {targets.maximum:.4g} against {reachable}."),
            evidence={
                "reachable": [reachable.lower, reachable.upper],
                "bounded_by": bounded,
                "targets": [targets.minimum, targets.maximum],
                "target_count": targets.count,
                "outside_share": short.outside_share,
                "floor_mse": short.mean_square,
                "variance_share": short.variance_share,
            },
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        BCE_LOGITS = "binary_cross_entropy_with_logits"

        def number(*steps: HeadStep, targets: ValueStatistics | None, kind: str = "mse_loss", **changes: Any) -> Recording:
            return output_head(kind, steps, targets=targets, **changes)

        def rate(*steps: HeadStep, targets: ValueStatistics, log_input: float | None = None, **changes: Any) -> Recording:
            """A Poisson loss; None where it was not seen whether its predictions are logarithms."""
            options = {} if log_input is None else {"log_input": log_input}
            return number(*steps, targets=targets, kind="poisson_nll_loss", options=options, **changes)

        def labels(*distinct: float, kind: str = "binary_cross_entropy_with_logits", steps: tuple[HeadStep, ...] = ()) -> Recording:
            return output_head(kind, steps, targets=values(min(distinct), max(distinct), distinct=distinct))

        WITHOUT_QUANTILES = replace(values(7, 12), quantiles=())

        return (
            RuleCase("sigmoid within", number(HeadStep("sigmoid"), targets=values(0, 1))),
            RuleCase("tanh within", number(HeadStep("tanh"), targets=values(-1, 1))),
            RuleCase(
                "tanh and 7 to 12", number(HeadStep("tanh"), targets=values(7, 12)),
                Expected(
                    "error", "target-range", 40, layer="head", site=0, treatments=("remove-output-activation",),
                    message="The tanh after head reaches [-1, 1] only, but 100 % of 6,400 targets, from 7 to 12, lie outside: the "
                    "squared error cannot fall below 74.33 (the targets' variance is 2.083).",
                    evidence={
                        "loss": "mse_loss", "reachable": [-1.0, 1.0], "bounded_by": "output", "targets": [7, 12], "target_count": 6400,
                        "outside_share": 1.0, "floor_mse": 74.33, "variance_share": 35.68,
                    },
                    because="Targets from 7 to 12 against [-1, 1].",
                ),
            ),
            RuleCase(
                "tanh and 7 to 12 without quantiles", number(HeadStep("tanh"), targets=WITHOUT_QUANTILES),
                Expected("error", "target-range", 40),
            ),
            RuleCase(
                "a constant outside", number(HeadStep("sigmoid"), targets=values(5, 5)),
                Expected(
                    "error", "target-range", 40, layer="head", site=0,
                    message="The sigmoid after head reaches [0, 1] only, but 100 % of 6,400 targets, from 5 to 5, lie outside: the "
                    "squared error cannot fall below 16 (the targets' variance is 0).",
                    evidence={
                        "loss": "mse_loss", "reachable": [0.0, 1.0], "bounded_by": "output", "targets": [5, 5], "target_count": 6400,
                        "outside_share": 1.0, "floor_mse": 16.0, "variance_share": math.inf,
                    },
                ),
            ),
            RuleCase(
                "sigmoid and signed targets", number(HeadStep("sigmoid"), targets=values(-1, 1)),
                Expected("warning", "target-range", 40),
            ),
            RuleCase(
                "floor just above 2 % of the variance", number(HeadStep("sigmoid"), targets=values(-0.25, 1)),
                Expected("warning", "target-range", 40),
            ),
            RuleCase(
                "floor just below 2 % of the variance", number(HeadStep("sigmoid"), targets=values(-0.2, 1)),
                Expected("advice", "target-range", 40),
            ),
            RuleCase("a few outliers, hardly outside", number(HeadStep("sigmoid"), targets=values(-0.02, 1))),
            RuleCase(
                "hardtanh and angles", number(HeadStep("hardtanh"), targets=values(-3, 3)),
                Expected(
                    "warning", "target-range", 40, layer="head", site=0,
                    message="The hardtanh after head reaches [-1, 1] only, but 67 % of 6,400 targets, from -3 to 3, lie outside: the "
                    "squared error cannot fall below 0.8889 (the targets' variance is 3).",
                    evidence={
                        "loss": "mse_loss", "reachable": [-1.0, 1.0], "bounded_by": "output", "targets": [-3, 3], "target_count": 6400,
                        "outside_share": 0.6687, "floor_mse": 0.8889, "variance_share": 0.2963,
                    },
                ),
            ),
            RuleCase(
                "softmax and numbers", number(HeadStep("softmax"), targets=values(-300, 300), classes=4),
                Expected(
                    "error", "target-range", 40, layer="head", site=0,
                    message="The softmax after head reaches [0, 1] only, but 99.7 % of 6,400 targets, from -300 to 300, lie outside: "
                    "the squared error cannot fall below 2.985e+04 (the targets' variance is 3e+04).",
                    evidence={
                        "loss": "mse_loss", "reachable": [0.0, 1.0], "bounded_by": "output", "targets": [-300, 300], "target_count": 6400,
                        "outside_share": 0.9969, "floor_mse": 29850.0, "variance_share": 0.995,
                    },
                ),
            ),
            RuleCase("scaled into range", number(HeadStep("tanh"), shift(2.0), targets=values(-2, 2))),
            RuleCase(
                "scaled, not enough", number(HeadStep("tanh"), shift(2.0), targets=values(-4, 4)),
                Expected("warning", "target-range", 40),
            ),
            RuleCase("shifted into range", number(HeadStep("sigmoid"), shift(5.0, 7.0), targets=values(7, 12))),
            RuleCase("unknown shift", number(HeadStep("sigmoid"), shift(5.0, None), targets=values(7, 12))),
            RuleCase("predictions seen outside", number(HeadStep("sigmoid"), targets=values(7, 12), predictions=values(6, 11))),
            RuleCase("relu is RL403's", number(HeadStep("relu"), targets=values(-2, 2))),
            RuleCase("relu6 below is RL403's", number(HeadStep("relu6"), targets=values(-2, 2))),
            RuleCase(
                "relu6 above", number(HeadStep("relu6"), targets=values(0, 9)),
                Expected(
                    "warning", "target-range", 40, layer="head", site=0,
                    message="The relu6 after head reaches (−∞, 6] only, but 33 % of 6,400 targets, from 0 to 9, lie outside: the "
                    "squared error cannot fall below 1 (the targets' variance is 6.75).",
                    evidence={
                        "loss": "mse_loss", "reachable": [-math.inf, 6.0], "bounded_by": "output", "targets": [0, 9],
                        "target_count": 6400, "outside_share": 0.3344, "floor_mse": 1.0, "variance_share": 0.1481,
                    },
                    because="Targets from 0 to 9 against (−∞, 6].",
                ),
            ),
            RuleCase(
                "exponential and signed targets", number(HeadStep("exp", kind="elementwise"), targets=values(-2, 1)),
                Expected(
                    "error", "target-range", 60, layer="",
                    message="The output reaches [0, ∞) only, but 67 % of 6,400 targets, from -2 to 1, lie outside: the squared error "
                    "cannot fall below 0.8889 (the targets' variance is 0.75).",
                    evidence={
                        "loss": "mse_loss", "reachable": [0.0, math.inf], "bounded_by": "output", "targets": [-2, 1],
                        "target_count": 6400, "outside_share": 0.6656, "floor_mse": 0.8889, "variance_share": 1.185,
                    },
                    because="Targets from -2 to 1 against [0, ∞).",
                ),
            ),
            RuleCase("logarithm of a rate", rate(HeadStep("tanh"), targets=values(0.4, 2.5), log_input=1.0)),
            RuleCase(
                "rates beyond", rate(HeadStep("tanh"), targets=values(0.4, 4), log_input=1.0),
                Expected("warning", "target-range", 40),
            ),
            RuleCase(
                "rates themselves", rate(HeadStep("tanh"), targets=values(0.4, 2.5), log_input=0.0),
                Expected("error", "target-range", 40),
            ),
            RuleCase("an exponential, logarithms or not", rate(HeadStep("exp", kind="elementwise"), targets=values(0, 9))),
            RuleCase(
                "beyond both readings", rate(HeadStep("softmax"), targets=values(-300, 300), classes=3),
                Expected("error", "target-range", 40),
            ),
            RuleCase(
                "no targets seen", number(HeadStep("sigmoid"), targets=None),
                not_judged="no targets were seen for mse_loss at line 60",
            ),
            RuleCase("no targets seen, no bound", number(targets=None)),
            RuleCase("probabilities", labels(0.0, 1.0)),
            RuleCase("smoothed probabilities", labels(0.05, 0.95)),
            RuleCase(
                "labels with noise", output_head(BCE_LOGITS, targets=values(0.7, 1.2)),
                Expected(
                    "advice", "target-range", 60, layer="",
                    message="binary_cross_entropy_with_logits compares each target with a probability, which lies within [0, 1], but "
                    "40 % of 6,400 targets, from 0.7 to 1.2, lie outside: no output can be right for them, and the loss can fall "
                    "without end.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "reachable": [0.0, 1.0], "bounded_by": "loss", "targets": [0.7, 1.2],
                        "target_count": 6400, "outside_share": 0.4, "floor_mse": 0.005333, "variance_share": 0.256,
                    },
                ),
            ),
            RuleCase("labels with more noise", output_head(BCE_LOGITS, targets=values(0.7, 1.25)), Expected("warning", "target-range", 60)),
            RuleCase("class indices", labels(*map(float, range(7))), Expected("error", "target-range", 60)),
            RuleCase("labels −1 and 1", labels(-1.0, 1.0), Expected("warning", "target-range", 60)),
            RuleCase("labels 1 and 2", labels(1.0, 2.0), Expected("error", "target-range", 60)),
            RuleCase("margin labels", labels(-1.0, 1.0, kind="soft_margin_loss")),
            RuleCase(
                "margin labels with 0", labels(0.0, 1.0, kind="soft_margin_loss"),
                Expected(
                    "warning", "target-range", 60, layer="",
                    message="soft_margin_loss takes labels −1 and 1, but among 6,400 labels there is 0, whose rows pass no gradient "
                    "whatever the score.",
                    evidence={"loss": "soft_margin_loss", "targets": [0.0, 1.0], "target_count": 6400},
                    because="The label 0 in a loss that multiplies score and label.",
                ),
            ),
            RuleCase("softmax over one is RL405's", number(HeadStep("softmax"), targets=values(7, 12))),
            RuleCase(
                "floor just above half of the variance", number(HeadStep("sigmoid"), targets=values(-1.05, 1)),
                Expected("error", "target-range", 40),
            ),
            RuleCase(
                "floor just below half of the variance", number(HeadStep("sigmoid"), targets=values(-0.98, 1)),
                Expected("warning", "target-range", 40),
            ),
            RuleCase("4.7 % hardly outside", number(HeadStep("sigmoid"), targets=values(0, 1.05))),
            RuleCase("5.3 % hardly outside", number(HeadStep("sigmoid"), targets=values(0, 1.056)), Expected("advice", "target-range", 40)),
            RuleCase(
                "labels with noise of 0.047", output_head(BCE_LOGITS, targets=values(0.7, 1.22)),
                Expected("advice", "target-range", 60),
            ),
            RuleCase(
                "labels with noise of 0.053", output_head(BCE_LOGITS, targets=values(0.7, 1.24)),
                Expected("warning", "target-range", 60),
            ),
            RuleCase(
                "predictions seen outside by rounding", number(HeadStep("sigmoid"), targets=values(7, 12), predictions=values(0, 1.0008)),
                Expected("error", "target-range", 40),
            ),
            RuleCase(
                "predictions seen outside by more than rounding",
                number(HeadStep("sigmoid"), targets=values(7, 12), predictions=values(0, 1.0015)),
            ),
            RuleCase(
                "behind 50 views", number(HeadStep("sigmoid"), *[HeadStep("view", kind="affine")] * 50, targets=values(7, 12)),
                Expected("error", "target-range", 40),
            ),
            RuleCase("behind 100 views", number(HeadStep("sigmoid"), *[HeadStep("view", kind="affine")] * 100, targets=values(7, 12))),
            RuleCase(
                "rows of probabilities for classes",
                output_head("cross_entropy", classes=4, targets=values(0, 1), options={"class_indices": 0.0}),
            ),
            RuleCase(
                "rows above 1 for classes", output_head("cross_entropy", classes=4, targets=values(0, 2), options={"class_indices": 0.0}),
                Expected("warning", "target-range", 60),
            ),
            RuleCase(
                "class indices for classes",
                output_head("cross_entropy", classes=4, targets=values(0, 3, distinct=range(4)), options={"class_indices": 1.0}),
            ),
            RuleCase(
                "a sigmoid and labels up to 2", output_head("binary_cross_entropy", (HeadStep("sigmoid"),), targets=values(0, 2)),
                Expected("warning", "target-range", 40),
            ),
            RuleCase(
                "a sigmoid before logits and labels up to 2", output_head(BCE_LOGITS, (HeadStep("sigmoid"),), targets=values(0, 2)),
                Expected("warning", "target-range", 60),
            ),
            RuleCase(
                "two such networks", twice(number(HeadStep("tanh"), targets=values(7, 12))),
                Expected("error", "target-range", 40),
                Expected("error", "target-range", 140),
            ),
        )


def _takes_probabilities(loss: Loss) -> bool:
    """Whether the targets of the loss are probabilities, whatever the head."""
    return loss.kind in PROBABILITY_LOSSES or (loss.kind == "cross_entropy" and loss.options.get("class_indices") == 0.0)


def _outside(short: Shortfall, targets: ValueStatistics) -> str:
    span = f"{targets.count:,} targets, from {targets.minimum:.4g} to {targets.maximum:.4g}"
    return f"{share(short.outside_share)} of {span}, lie outside" if short.outside_share > 0.0 else f"the mean of {span}, lies outside"


def _bounding(head: Head) -> Site | None:
    """The activation nearest to the loss that has a finite end."""
    return next((site for site in head.sites if head.after(site).bounded_below or head.after(site).bounded_above), None)


def _rectified(head: Head) -> bool:
    """Whether the lower end is set by one of the functions that RL403 judges."""
    site = rectifier(head)
    return site is not None and not clips(head, site)
