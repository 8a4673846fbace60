"""RL407."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.numbers import share
from reluctant.recording import Cause, Finding, Loss, NotJudged, Recording, Site, ValueStatistics
from reluctant.recording.example import twice

from ._output_head import Head, head_finding, heads, named
from ._rule import Rule
from .testing import Expected, HeadStep, RuleCase, output_head, values

SQUASHES = frozenset({"sigmoid", "softmax", "tanh", "hardsigmoid"})


class RegressionLossOnClasses(Rule):
    """A squared or absolute error compares scores with classes, where a likelihood belongs.

    ## What it does

    Looks for a squared, absolute, Huber or percentage error, also one written by hand, whose targets are one-hot
    rows, zeros and ones for a single output, or class indices.

    ## Why is this bad?

    Behind a sigmoid or softmax the gradient of these errors carries the factor p(1−p), which is near 0 for an output
    that is surely wrong: the rows that most need a correction get none. The likelihood loss cancels that factor. An
    absolute error drives each score to the majority instead of to the probability. A percentage error divides by the
    target, so that label 0 weighs without limit and the constant 0 wins. On class indices the error says that class 0
    is nearer to 1 than to 2.

    ## How it decides

    It is **advice**: a squared error on classes (the Brier score) is a proper score and often learns well enough. It
    becomes a **warning** when the gradients demonstrably die of it: at least half of the values behind the last
    sigmoid or softmax lie on its flat part while the loss is no better than nine tenths of a constant guess's; or
    when the error is relative and 0 is among the targets. A single target value, as in a least-squares GAN, or zeros
    and ones in many columns, as in an image, are no classes.

    ## Remedy

    `cross_entropy` on raw scores for exclusive classes; `binary_cross_entropy_with_logits` for one or several
    yes-or-no questions.

    ## When to ignore it

    When the numbers are quantities (ratings, counts), or when the bounded influence of a wrong label is wanted.

    ## Sources

    The factor p(1−p): Bishop, "Pattern Recognition and Machine Learning" (2006), sections 4.3 and 5.2; Solla, Levin,
    Fleisher, "Accelerated learning in layered neural networks" (1988).
    """

    code = "RL407"
    severity = "advice"
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = nn.functional.one_hot((x[:, 0] > 0).long() + (x[:, 1] > 0).long()).float()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = (
        bad.replace("nn.functional.one_hot(", "")
        .replace(".long()).float()", ".long()")
        .replace(", nn.Softmax(dim=1)", "")
        .replace("mse_loss", "cross_entropy")
    )

    FLAT_SHARE = 0.5
    """Of the values behind the last squash. With less of them flat, most rows still pass a gradient."""

    NO_BETTER = 0.9
    """Of a constant guess's loss. A flat output with a lower loss is flat because it is right."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each error between numbers whose targets are classes."""
        for head in heads(recording):
            classes = classes_in(head.loss) if head.compares and not head.single_class else ""
            if classes:
                yield self._finding(head, classes)

    def _finding(self, head: Head, classes: str) -> Finding:
        targets = head.loss.targets
        relative = bool(head.loss.options.get("relative")) and targets is not None and round(targets.minimum, DIGITS) == 0.0
        squash = next((site for site in head.sites if site.operation in SQUASHES), None)
        dying = self._dying(head, squash) if squash else ""
        why = "it divides by the target, so that rows with target 0 outweigh all others and the constant 0 wins" if relative else dying
        kind = "a percentage error" if relative else head.loss.kind
        message = f"The scores are compared with {classes} by {kind}"
        message += f": {why}." if why else ": a likelihood loss gives surely wrong rows a full gradient, this one does not."
        return head_finding(
            self,
            head,
            message,
            severity="warning" if why else "advice",
            cause=Cause("head-loss-mismatch", f"Targets are {classes} and the loss is {kind}."),
            evidence={
                "targets": classes,
                "flat_share": _flat_share(squash),
                "constant_loss": None if relative else _constant_loss(head),
                "last_loss": head.loss.last_loss,
            },
        )

    def _dying(self, head: Head, squash: Site) -> str:
        """Why gradients die, as a clause; empty where that is not shown."""
        flat, constant, last = _flat_share(squash), _constant_loss(head), head.loss.last_loss
        if flat is None or constant is None or last is None or flat < self.FLAT_SHARE or last < self.NO_BETTER * constant:
            return ""
        where = f"{share(flat)} of the values behind the {named(squash)} lie on its flat part"
        return f"{where}, and the loss ({last:.3g}) is no better than a constant guess's ({constant:.3g})"

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        BINARY = values(0, 1, distinct=(0.0, 1.0))

        ONE_HOT = values(0, 1, distinct=(0.0, 1.0), mean=0.25, std=0.433, rows_sum_to_one=True)

        PIXELS = values(0, 1, distinct=(0.0, 1.0), rows_sum_to_one=False)

        INDICES = values(0, 9, distinct=tuple(map(float, range(10))))

        COUNTS = values(0, 8, distinct=tuple(map(float, range(9))), mean=2.0, std=1.4)

        def error(targets: ValueStatistics | None, *steps: HeadStep, kind: str = "mse_loss", **changes: Any) -> Recording:
            return output_head(kind, steps, targets=targets, **changes)

        def flat(share: float) -> HeadStep:
            return HeadStep("sigmoid", flat_share=share)

        RELATIVE = {"relative": 1.0}

        return (
            RuleCase("numbers", error(values(-2, 2))),
            RuleCase("no targets seen", error(None)),
            RuleCase(
                "zeros and ones", error(BINARY, HeadStep("sigmoid")),
                Expected(
                    "advice", "head-loss-mismatch", 60, layer="", treatments=(),
                    message="The scores are compared with zeros and ones by mse_loss: a likelihood loss gives surely wrong rows a "
                    "full gradient, this one does not.",
                    evidence={"loss": "mse_loss", "targets": "zeros and ones", "flat_share": 0.0, "constant_loss": 0.25, "last_loss": 0.7},
                    because="Targets are zeros and ones and the loss is mse_loss.",
                ),
            ),
            RuleCase("zeros and ones, raw score", error(BINARY), Expected("advice", "head-loss-mismatch", 60)),
            RuleCase(
                "one-hot rows", error(ONE_HOT, HeadStep("softmax"), classes=4),
                Expected(
                    "advice", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with one-hot rows by mse_loss: a likelihood loss gives surely wrong rows a full "
                    "gradient, this one does not.",
                    evidence={"loss": "mse_loss", "targets": "one-hot rows", "flat_share": 0.0, "constant_loss": 0.1875, "last_loss": 0.7},
                    because="Targets are one-hot rows and the loss is mse_loss.",
                ),
            ),
            RuleCase(
                "one-hot rows, absolute error", error(ONE_HOT, classes=4, kind="l1_loss"),
                Expected(
                    "advice", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with one-hot rows by l1_loss: a likelihood loss gives surely wrong rows a full "
                    "gradient, this one does not.",
                    evidence={"loss": "l1_loss", "targets": "one-hot rows", "flat_share": None, "constant_loss": 0.25, "last_loss": 0.7},
                    because="Targets are one-hot rows and the loss is l1_loss.",
                ),
            ),
            RuleCase("an image of zeros and ones", error(PIXELS, HeadStep("sigmoid"), classes=64)),
            RuleCase(
                "class indices", error(INDICES),
                Expected(
                    "advice", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with class indices by mse_loss: a likelihood loss gives surely wrong rows a "
                    "full gradient, this one does not.",
                    evidence={"loss": "mse_loss", "targets": "class indices", "flat_share": None, "constant_loss": 8.25, "last_loss": 0.7},
                    because="Targets are class indices and the loss is mse_loss.",
                ),
            ),
            RuleCase("counts", error(COUNTS)),
            RuleCase("ratings from 1", error(values(1, 5, distinct=(1.0, 2.0, 3.0, 4.0, 5.0)))),
            RuleCase("one target value, as in a GAN", error(values(1, 1, distinct=(1.0,)), HeadStep("sigmoid"))),
            RuleCase("cross-entropy", error(BINARY, HeadStep("sigmoid"), kind="binary_cross_entropy")),
            RuleCase(
                "a difference by hand", error(ONE_HOT, HeadStep("sigmoid"), classes=4, kind="custom", handwritten=True),
                Expected(
                    "advice", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with one-hot rows by custom: a likelihood loss gives surely wrong rows a full "
                    "gradient, this one does not.",
                    evidence={"loss": "custom", "targets": "one-hot rows", "flat_share": 0.0, "constant_loss": None, "last_loss": 0.7},
                    because="Targets are one-hot rows and the loss is custom.",
                ),
            ),
            RuleCase(
                "flat, and no better than a guess", error(BINARY, flat(0.5), last_loss=0.25),
                Expected(
                    "warning", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with zeros and ones by mse_loss: 50 % of the values behind the sigmoid after "
                    "head lie on its flat part, and the loss (0.25) is no better than a constant guess's (0.25).",
                    evidence={
                        "loss": "mse_loss", "targets": "zeros and ones", "flat_share": 0.5, "constant_loss": 0.25, "last_loss": 0.25,
                    },
                ),
            ),
            RuleCase(
                "flat, and just better than a guess", error(BINARY, flat(0.5), last_loss=0.22),
                Expected("advice", "head-loss-mismatch", 60),
            ),
            RuleCase("less than half flat", error(BINARY, flat(0.49), last_loss=0.25), Expected("advice", "head-loss-mismatch", 60)),
            RuleCase("flat and right", error(BINARY, flat(0.9), last_loss=0.01), Expected("advice", "head-loss-mismatch", 60)),
            RuleCase(
                "flat, absolute error", error(BINARY, flat(0.9), kind="l1_loss", last_loss=0.5),
                Expected(
                    "warning", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with zeros and ones by l1_loss: 90 % of the values behind the sigmoid after "
                    "head lie on its flat part, and the loss (0.5) is no better than a constant guess's (0.5).",
                    evidence={"loss": "l1_loss", "targets": "zeros and ones", "flat_share": 0.9, "constant_loss": 0.5, "last_loss": 0.5},
                    because="Targets are zeros and ones and the loss is l1_loss.",
                ),
            ),
            RuleCase(
                "percentage error on zeros", error(BINARY, HeadStep("sigmoid"), kind="l1_loss", handwritten=True, options=RELATIVE),
                Expected(
                    "warning", "head-loss-mismatch", 60, layer="",
                    message="The scores are compared with zeros and ones by a percentage error: it divides by the target, so that "
                    "rows with target 0 outweigh all others and the constant 0 wins.",
                    evidence={"loss": "l1_loss", "targets": "zeros and ones", "flat_share": 0.0, "constant_loss": None, "last_loss": 0.7},
                    because="Targets are zeros and ones and the loss is a percentage error.",
                ),
            ),
            RuleCase("percentage error on numbers", error(values(1, 9), kind="l1_loss", handwritten=True, options=RELATIVE)),
            RuleCase("softmax over one is RL405's", error(BINARY, HeadStep("softmax"))),
            RuleCase(
                "flat, and a little better than a guess", error(BINARY, flat(0.5), last_loss=0.23),
                Expected("warning", "head-loss-mismatch", 60),
            ),
            RuleCase("classes, nearly equally frequent", error(replace(INDICES, mean=4.95)), Expected("advice", "head-loss-mismatch", 60)),
            RuleCase("classes, not equally frequent", error(replace(INDICES, mean=5.4))),
            RuleCase(
                "zeros and ones with rounding", error(values(0, 1, distinct=(0.0, 1.00001))),
                Expected("advice", "head-loss-mismatch", 60),
            ),
            RuleCase("a small number beside 1", error(values(0, 1, distinct=(0.0, 1.001)))),
            RuleCase("numbers with a gap", error(values(0, 3, distinct=(0.0, 1.0, 3.0)))),
            RuleCase("two numbers", error(values(1, 2, distinct=(1.0, 2.0)))),
            RuleCase("zeros, ones and twos", error(values(0, 2, distinct=(0.0, 1.0, 2.0))), Expected("advice", "head-loss-mismatch", 60)),
            RuleCase(
                "two such networks", twice(error(BINARY, HeadStep("sigmoid"))),
                Expected("advice", "head-loss-mismatch", 60),
                Expected("advice", "head-loss-mismatch", 160),
            ),
        )


def _flat_share(site: Site | None) -> float | None:
    """Share of flat entries at the last measured steps."""
    moments = site.moments[-3:] if site else ()
    return sum(moment.flat_share for moment in moments) / len(moments) if moments else None


def _constant_loss(head: Head) -> float | None:
    """The loss of the best constant guess, for the squared and the absolute error."""
    targets = head.loss.targets
    if targets is None:
        return None
    if head.loss.kind == "mse_loss":
        return targets.std**2
    if head.loss.kind == "l1_loss" and targets.minimum >= 0.0 and targets.maximum <= 1.0:
        return min(targets.mean, 1.0 - targets.mean)
    return None


INDEX_SLACK = 0.15
"""How far mean and spread of class indices may be from those of equally frequent classes, relative to them.

Counts of events lie farther off: a Poisson count of mean 2 seen from 0 to 8 has half of that mean."""

DIGITS = 4
"""Decimals by which targets are told apart: those of a loss written by hand carry the rounding of a subtraction, or a small number that
keeps a quotient finite."""


def classes_in(loss: Loss) -> str:
    """What the targets of a loss are, if they are classes (``one-hot rows``); empty if they are not, or need not be.

    Zeros and ones over many columns are classes only where each row sums to 1: otherwise they may be an image, a mask or a code.
    """
    targets = loss.targets
    distinct = {round(value, DIGITS) for value in targets.distinct} if targets is not None else set()
    if targets is None or len(distinct) < 2 or any(value != int(value) for value in distinct):
        return ""
    if distinct == {0.0, 1.0}:
        if (loss.classes or 1) >= 2:
            return "one-hot rows" if targets.rows_sum_to_one else ""
        return "zeros and ones"
    return "class indices" if (loss.classes or 1) == 1 and _indices(distinct, targets) else ""


def _indices(distinct: set[float], targets: ValueStatistics) -> bool:
    """Whether the values are 0, 1, …, C−1 about equally often."""
    count = len(distinct)
    if count < 3 or distinct != {float(index) for index in range(count)}:
        return False
    mean, std = (count - 1) / 2, math.sqrt((count**2 - 1) / 12)
    return abs(targets.mean - mean) <= INDEX_SLACK * mean and abs(targets.std - std) <= INDEX_SLACK * std
