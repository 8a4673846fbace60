"""RL404 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Recording, ValueStatistics
from tests.rules.cases import Case
from tests.rules.cases.output_head import LOSS_LINE, Step, output_head, shift, values

CAUSE = "target-range"
BCE_LOGITS = "binary_cross_entropy_with_logits"


def number(*steps: Step, targets: ValueStatistics | None, kind: str = "mse_loss", **changes: object) -> Recording:
    return output_head(kind, steps, targets=targets, **changes)  # type: ignore[arg-type]


def rate(*steps: Step, targets: ValueStatistics, log_input: float | None = None, **changes: object) -> Recording:
    """A Poisson loss; None where it was not seen whether its predictions are logarithms."""
    options = {} if log_input is None else {"log_input": log_input}
    return number(*steps, targets=targets, kind="poisson_nll_loss", options=options, **changes)


def labels(*distinct: float, kind: str = "binary_cross_entropy_with_logits", steps: tuple[Step, ...] = ()) -> Recording:
    return output_head(kind, steps, targets=values(min(distinct), max(distinct), distinct=distinct))


WITHOUT_QUANTILES = replace(values(7, 12), quantiles=())

CASES = (
    Case("sigmoid within", number(Step("sigmoid"), targets=values(0, 1))),
    Case("tanh within", number(Step("tanh"), targets=values(-1, 1))),
    Case("tanh and 7 to 12", number(Step("tanh"), targets=values(7, 12)), "error", CAUSE, 40),
    Case("tanh and 7 to 12 without quantiles", number(Step("tanh"), targets=WITHOUT_QUANTILES), "error", CAUSE),
    Case("a constant outside", number(Step("sigmoid"), targets=values(5, 5)), "error"),
    Case("sigmoid and signed targets", number(Step("sigmoid"), targets=values(-1, 1)), "warning"),
    Case("floor just above 2 % of the variance", number(Step("sigmoid"), targets=values(-0.25, 1)), "warning"),
    Case("floor just below 2 % of the variance", number(Step("sigmoid"), targets=values(-0.2, 1)), "advice"),
    Case("a few outliers, hardly outside", number(Step("sigmoid"), targets=values(-0.02, 1))),
    Case("hardtanh and angles", number(Step("hardtanh"), targets=values(-3, 3)), "warning"),
    Case("softmax and numbers", number(Step("softmax"), targets=values(-300, 300), classes=4), "error"),
    Case("scaled into range", number(Step("tanh"), shift(2.0), targets=values(-2, 2))),
    Case("scaled, not enough", number(Step("tanh"), shift(2.0), targets=values(-4, 4)), "warning"),
    Case("shifted into range", number(Step("sigmoid"), shift(5.0, 7.0), targets=values(7, 12))),
    Case("unknown shift", number(Step("sigmoid"), shift(5.0, None), targets=values(7, 12))),
    Case("predictions seen outside", number(Step("sigmoid"), targets=values(7, 12), predictions=values(6, 11))),
    Case("relu is RL403's", number(Step("relu"), targets=values(-2, 2))),
    Case("relu6 below is RL403's", number(Step("relu6"), targets=values(-2, 2))),
    Case("relu6 above", number(Step("relu6"), targets=values(0, 9)), "warning"),
    Case("exponential and signed targets", number(Step("exp", kind="elementwise"), targets=values(-2, 1)), "error"),
    Case("logarithm of a rate", rate(Step("tanh"), targets=values(0.4, 2.5), log_input=1.0)),
    Case("rates beyond", rate(Step("tanh"), targets=values(0.4, 4), log_input=1.0), "warning"),
    Case("rates themselves", rate(Step("tanh"), targets=values(0.4, 2.5), log_input=0.0), "error"),
    Case("an exponential, logarithms or not", rate(Step("exp", kind="elementwise"), targets=values(0, 9))),
    Case("beyond both readings", rate(Step("softmax"), targets=values(-300, 300), classes=3), "error"),
    Case("no targets seen", number(Step("sigmoid"), targets=None), not_judged=True),
    Case("no targets seen, no bound", number(targets=None)),
    Case("probabilities", labels(0.0, 1.0)),
    Case("smoothed probabilities", labels(0.05, 0.95)),
    Case("labels with noise", output_head(BCE_LOGITS, targets=values(0.7, 1.2)), "advice"),
    Case("labels with more noise", output_head(BCE_LOGITS, targets=values(0.7, 1.25)), "warning"),
    Case("class indices", labels(*map(float, range(7))), "error", CAUSE, LOSS_LINE),
    Case("labels −1 and 1", labels(-1.0, 1.0), "warning", CAUSE),
    Case("labels 1 and 2", labels(1.0, 2.0), "error"),
    Case("margin labels", labels(-1.0, 1.0, kind="soft_margin_loss")),
    Case("margin labels with 0", labels(0.0, 1.0, kind="soft_margin_loss"), "warning", CAUSE),
    Case("softmax over one is RL405's", number(Step("softmax"), targets=values(7, 12))),
)
