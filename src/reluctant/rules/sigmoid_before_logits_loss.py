"""RL402."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from reluctant.recording import Cause, Finding, NotJudged, Recording, Site
from reluctant.recording.example import twice

from ._output_head import LOGIT_LOSSES, Head, head_finding, heads, last_seen, named
from ._rule import Rule
from ._shortfall import label_floors
from ._value_range import ValueRange, softplus
from .testing import Expected, HeadStep, RuleCase, output_head, shift, values


class SigmoidBeforeLogitsLoss(Rule):
    """Probabilities, or other scores bounded above, are given to a loss that applies its own sigmoid.

    ## What it does

    Looks at what stands between the last layer and a binary loss on logits (`binary_cross_entropy_with_logits`,
    `multilabel_soft_margin_loss`, `soft_margin_loss`): a sigmoid, a softmax, a log_softmax, a tanh or any other
    function with an upper end.

    ## Why is this bad?

    The loss applies a sigmoid itself. Scores between a and b then become probabilities between σ(a) and σ(b), and the
    loss of one entry cannot fall below ln(1 + e^−b) where the label is 1, nor below ln(1 + e^a) where it is 0. After
    a sigmoid every probability lies between 0.5 and 0.731, and the two floors are 0.313 and 0.693: no entry can ever
    be called negative. The first sigmoid saturates in the vain attempt.

    ## How it decides

    By this closed form, from the graph alone. It speaks when the upper end puts the floor for label 1 at a tenth of
    ln 2 or more, ln 2 being the loss of a constant guess. A function that has a lower end alone, such as ReLU, is the
    matter of RL403.

    ## Remedy

    Delete the sigmoid and keep the loss on logits: it is the numerically sound form. Apply the sigmoid only where
    probabilities are wanted. (`BCELoss` instead of `BCEWithLogitsLoss` is right as well, and a little less precise.)

    ## When to ignore it

    When the range of the scores is limited on purpose and the floor is known.

    ## Sources

    The formula is elementary. `torch.nn.BCEWithLogitsLoss` documents that it "combines a Sigmoid layer and the
    BCELoss in one single class".
    """

    code = "RL402"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, :1] > 0).float()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.BCEWithLogitsLoss()
for step in range(60):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace(", nn.Sigmoid()", "")

    LEAST_FLOOR_SHARE = 0.1
    """Of ln 2, the loss of a constant guess; a floor below a tenth of it costs no more than noisy labels do."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each head whose scores have an upper end that a loss on logits cannot do without."""
        for head in heads(recording):
            if head.loss.kind in LOGIT_LOSSES and not head.single_class:
                yield from self._judged(head, head.interval)

    def _judged(self, head: Head, interval: ValueRange) -> Iterator[Finding]:
        if softplus(-interval.upper) < self.LEAST_FLOOR_SHARE * math.log(2.0):
            return
        positive, negative = label_floors(interval, head.loss.targets)
        site = _bounding(head)
        what = f"The {named(site)}" if site else "What is given to the loss"
        floors = [f"{floor:.3f} where the label is {label}" for floor, label in ((positive, 1), (negative, 0)) if floor > 0.0]
        if not floors:
            return
        yield head_finding(
            self,
            head,
            f"{what} keeps the scores within {interval}, and {head.loss.kind} applies its own sigmoid to them: "
            f"the loss of an entry cannot fall below {' or '.join(floors)}.{last_seen(head.loss)}",
            site=site,
            cause=Cause("head-loss-mismatch", f"Scores within {interval} under a second sigmoid: at least {' or '.join(floors)}."),
            evidence={
                "floor_positive": positive,
                "floor_negative": negative,
                "reachable": [interval.lower, interval.upper],
                "last_loss": head.loss.last_loss,
            },
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        LABELS = values(0, 1, distinct=(0.0, 1.0))

        def logit(*steps: HeadStep, kind: str = "binary_cross_entropy_with_logits", **changes: Any) -> Recording:
            return output_head(kind, steps, targets=LABELS, **changes)

        return (
            RuleCase("raw score", logit()),
            RuleCase(
                "sigmoid", logit(HeadStep("sigmoid")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0, treatments=("remove-output-activation",),
                    message="The sigmoid after head keeps the scores within [0, 1], and binary_cross_entropy_with_logits applies its "
                    "own sigmoid to them: the loss of an entry cannot fall below 0.313 where the label is 1 or 0.693 where the label "
                    "is 0. It was last seen at 0.7.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_positive": 0.3133, "floor_negative": 0.6931,
                        "reachable": [0.0, 1.0], "last_loss": 0.7,
                    },
                    because="Scores within [0, 1] under a second sigmoid: at least 0.313 where the label is 1 or 0.693 where the "
                    "label is 0.",
                ),
            ),
            RuleCase(
                "sigmoid under a margin loss", logit(HeadStep("sigmoid"), kind="soft_margin_loss"),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The sigmoid after head keeps the scores within [0, 1], and soft_margin_loss applies its own sigmoid to "
                    "them: the loss of an entry cannot fall below 0.313 where the label is 1 or 0.693 where the label is 0. It was "
                    "last seen at 0.7.",
                    evidence={
                        "loss": "soft_margin_loss", "floor_positive": 0.3133, "floor_negative": 0.6931, "reachable": [0.0, 1.0],
                        "last_loss": 0.7,
                    },
                ),
            ),
            RuleCase(
                "softmax of two", logit(HeadStep("softmax"), classes=2),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softmax after head keeps the scores within [0, 1], and binary_cross_entropy_with_logits applies its "
                    "own sigmoid to them: the loss of an entry cannot fall below 0.313 where the label is 1 or 0.693 where the label "
                    "is 0. It was last seen at 0.7.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_positive": 0.3133, "floor_negative": 0.6931,
                        "reachable": [0.0, 1.0], "last_loss": 0.7,
                    },
                ),
            ),
            RuleCase(
                "log_softmax of two", logit(HeadStep("log_softmax"), classes=2),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The log_softmax after head keeps the scores within (−∞, 0], and binary_cross_entropy_with_logits "
                    "applies its own sigmoid to them: the loss of an entry cannot fall below 0.693 where the label is 1. It was last "
                    "seen at 0.7.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_positive": 0.6931, "floor_negative": 0.0,
                        "reachable": [-math.inf, 0.0], "last_loss": 0.7,
                    },
                    because="Scores within (−∞, 0] under a second sigmoid: at least 0.693 where the label is 1.",
                ),
            ),
            RuleCase(
                "log_sigmoid", logit(HeadStep("logsigmoid")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The logsigmoid after head keeps the scores within (−∞, -0], and binary_cross_entropy_with_logits "
                    "applies its own sigmoid to them: the loss of an entry cannot fall below 0.693 where the label is 1. It was last "
                    "seen at 0.7.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_positive": 0.6931, "floor_negative": 0.0,
                        "reachable": [-math.inf, -0.0], "last_loss": 0.7,
                    },
                ),
            ),
            RuleCase(
                "tanh", logit(HeadStep("tanh")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The tanh after head keeps the scores within [-1, 1], and binary_cross_entropy_with_logits applies its "
                    "own sigmoid to them: the loss of an entry cannot fall below 0.313 where the label is 1 or 0.313 where the label "
                    "is 0. It was last seen at 0.7.",
                    evidence={
                        "loss": "binary_cross_entropy_with_logits", "floor_positive": 0.3133, "floor_negative": 0.3133,
                        "reachable": [-1.0, 1.0], "last_loss": 0.7,
                    },
                ),
            ),
            RuleCase("soft cap of 10", logit(HeadStep("tanh"), shift(10.0))),
            RuleCase("soft cap just too low", logit(HeadStep("tanh"), shift(2.6)), Expected("warning", "head-loss-mismatch", 40)),
            RuleCase("soft cap just high enough", logit(HeadStep("tanh"), shift(2.7))),
            RuleCase("relu is RL403's", logit(HeadStep("relu"))),
            RuleCase("relu6 is RL403's", logit(HeadStep("relu6"))),
            RuleCase("sigmoid before the loss on probabilities", logit(HeadStep("sigmoid"), kind="binary_cross_entropy")),
            RuleCase("softmax over one is RL405's", logit(HeadStep("softmax"))),
            RuleCase(
                "two such networks", twice(logit(HeadStep("sigmoid"))),
                Expected("warning", "head-loss-mismatch", 40),
                Expected("warning", "head-loss-mismatch", 140),
            ),
        )


def _bounding(head: Head) -> Site | None:
    """The activation nearest to the loss that has an upper end."""
    return next((site for site in head.sites if head.after(site).bounded_above), None)
