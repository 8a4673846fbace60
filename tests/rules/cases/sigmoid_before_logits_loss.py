"""RL402 from both sides."""

from __future__ import annotations

from reluctant.recording import Recording
from tests.rules.cases import Case
from tests.rules.cases.output_head import Step, output_head, shift, values

LABELS = values(0, 1, distinct=(0.0, 1.0))


def logit(*steps: Step, kind: str = "binary_cross_entropy_with_logits", **changes: object) -> Recording:
    return output_head(kind, steps, targets=LABELS, **changes)  # type: ignore[arg-type]


CASES = (
    Case("raw score", logit()),
    Case("sigmoid", logit(Step("sigmoid")), "warning", "head-loss-mismatch", 40),
    Case("sigmoid under a margin loss", logit(Step("sigmoid"), kind="soft_margin_loss"), "warning"),
    Case("softmax of two", logit(Step("softmax"), classes=2), "warning"),
    Case("log_softmax of two", logit(Step("log_softmax"), classes=2), "warning"),
    Case("log_sigmoid", logit(Step("logsigmoid")), "warning"),
    Case("tanh", logit(Step("tanh")), "warning"),
    Case("soft cap of 10", logit(Step("tanh"), shift(10.0))),
    Case("soft cap just too low", logit(Step("tanh"), shift(2.6)), "warning"),
    Case("soft cap just high enough", logit(Step("tanh"), shift(2.7))),
    Case("relu is RL403's", logit(Step("relu"))),
    Case("relu6 is RL403's", logit(Step("relu6"))),
    Case("sigmoid before the loss on probabilities", logit(Step("sigmoid"), kind="binary_cross_entropy")),
    Case("softmax over one is RL405's", logit(Step("softmax"))),
)
