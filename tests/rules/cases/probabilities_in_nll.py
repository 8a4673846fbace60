"""RL406 from both sides."""

from __future__ import annotations

from reluctant.recording import Recording, ValueStatistics
from tests.rules.cases import Case
from tests.rules.cases.output_head import LOSS_LINE, Step, output_head, values

CAUSE = "head-loss-mismatch"
PROBABILITIES = values(0, 1, rows_sum_to_one=True, rows_log_sum_to_zero=False)
LOGARITHMS = values(-9, 0, rows_sum_to_one=False, rows_log_sum_to_zero=True)
SCORES = values(-9, 9, rows_sum_to_one=False, rows_log_sum_to_zero=False)
UNNORMALISED = values(-9, 0, rows_sum_to_one=False, rows_log_sum_to_zero=False)


def nll(seen: ValueStatistics | None, *steps: Step, kind: str = "nll_loss", **changes: object) -> Recording:
    return output_head(kind, steps, classes=4, predictions=seen, **changes)  # type: ignore[arg-type]


CASES = (
    Case("log_softmax", nll(LOGARITHMS, Step("log_softmax"))),
    Case("log_softmax, values not seen", nll(None, Step("log_softmax"))),
    Case("softmax", nll(PROBABILITIES, Step("softmax")), "warning", CAUSE, 40),
    Case("softmax, values not seen", nll(None, Step("softmax")), "warning", CAUSE, 40),
    Case("sigmoid", nll(values(0, 1, rows_sum_to_one=False), Step("sigmoid")), "warning", line=40),
    Case("softmax and its logarithm", nll(LOGARITHMS, Step("softmax"), Step("log", kind="elementwise"))),
    Case("a mixture's logarithm", nll(LOGARITHMS, Step("log", kind="elementwise"))),
    Case("a mixture without its logarithm", nll(PROBABILITIES), "warning", line=LOSS_LINE),
    Case("raw scores", nll(SCORES), "error", CAUSE, LOSS_LINE),
    Case("raw scores, values not seen", nll(None), not_judged=True),
    Case("rounding above 0", nll(values(-9, 0.0005))),
    Case("beyond rounding", nll(values(-9, 0.002)), "error"),
    Case("logarithms of sigmoids", nll(UNNORMALISED, Step("logsigmoid")), "warning"),
    Case("KL of probabilities", nll(PROBABILITIES, Step("softmax"), kind="kl_div"), "warning"),
    Case("KL of logarithms", nll(LOGARITHMS, Step("log_softmax"), kind="kl_div")),
    Case("KL of Bernoulli logarithms", nll(UNNORMALISED, Step("logsigmoid"), kind="kl_div")),
    Case("an expected score written by hand", nll(PROBABILITIES, Step("softmax"), handwritten=True)),
    Case("cross-entropy of scores", nll(SCORES, kind="cross_entropy")),
)
