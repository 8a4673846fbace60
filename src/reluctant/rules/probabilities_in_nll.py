"""RL406."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reluctant.recording import Cause, Finding, NotJudged, Recording, Severity, Site, ValueStatistics
from reluctant.recording.example import twice

from ._output_head import Head, head_finding, heads, last_seen, named
from ._rule import Rule
from ._value_range import keeps_values
from .testing import Expected, HeadStep, RuleCase, output_head, values


class ProbabilitiesInNll(Rule):
    """Something that is no log-probability is given to `nll_loss` or `kl_div`.

    ## What it does

    Looks at the predictions of `nll_loss` and `kl_div`: probabilities, raw scores, or logarithms that were not
    normalised over the classes.

    ## Why is this bad?

    `nll_loss` picks the entry of the right class and changes its sign; it takes no logarithm. On probabilities it
    lies in [−1, 0] and its gradient is the same for a class at 0.001 as for one at 0.999, so that it hardly pulls on
    the rows that are wrong. On raw scores nothing holds it back: the score of the right class grows without end, no
    other is pushed down, and the loss falls towards −∞. The same holds for scores that are logarithms of independent
    sigmoids, which may all grow together. `kl_div` is linear in its first argument and fails alike.

    ## How it decides

    Rows that are positive and sum to 1, or an output within [0, 1] such as a sigmoid's, are probabilities. Values
    above 0 that are none are raw scores: no logarithm of a probability is positive. Rows whose exponentials do not
    sum to 1 are not normalised. log_softmax, and the logarithm of a softmax or of a mixture of them, pass. Raw scores
    are an **error**, the others a **warning**.

    ## Remedy

    `cross_entropy` on the raw scores; or `log_softmax` before `nll_loss`; or, where probabilities are mixed, their
    logarithm.

    ## When to ignore it

    When the expected score itself is to be maximised, as in some reinforcement learning; then `-(p * reward)` says so
    more plainly.

    ## Sources

    `torch.nn.NLLLoss`: "The input given through a forward call is expected to contain log-probabilities of each
    class."
    """

    code = "RL406"
    severity = "warning"
    exact = True
    same_loss = False
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.nll_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("nn.Softmax", "nn.LogSoftmax")

    ROUNDING = 1e-3
    """How far above 0 the logarithm of a probability may come out in half precision."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each NLL or KL loss whose predictions are no log-probabilities."""
        for head in heads(recording):
            if head.loss.kind in ("nll_loss", "kl_div") and not head.loss.handwritten and not head.single_class:
                yield from self._judged(head)

    def _judged(self, head: Head) -> Iterator[Finding | NotJudged]:
        seen, interval, kind = head.loss.predictions, head.interval, head.loss.kind
        if (seen is not None and seen.rows_log_sum_to_zero) or _normalised(head):
            return
        if (seen is not None and seen.rows_sum_to_one) or (interval.lower >= 0.0 and interval.upper <= 1.0):
            bound = " The loss lies in [−1, 0]." if kind == "nll_loss" else ""
            yield self._finding(head, head.site, f"probabilities, where {kind} expects their logarithms.{bound}", "warning")
        elif seen is None:
            if interval.bounded_below or not interval.bounded_above:
                yield self.not_judged(f"the predictions given to {kind} were not seen")
        elif seen.maximum > self.ROUNDING:
            why = f"raw scores up to {seen.maximum:.4g}, where {kind} expects logarithms of probabilities, none of which is above 0."
            fate = " Nothing keeps the loss from falling without end." if kind == "nll_loss" else ""
            yield self._finding(head, None, why + fate, "error")
        elif kind == "nll_loss" and seen.rows_log_sum_to_zero is False:
            why = "logarithms whose exponentials do not sum to 1 over the classes, so that the scores of all classes may grow together."
            yield self._finding(head, head.site, why, "warning")

    def _finding(self, head: Head, site: Site | None, why: str, severity: Severity) -> Finding:
        seen, kind = head.loss.predictions, head.loss.kind
        source = f"The {named(site)} gives" if site else "The model gives"
        return head_finding(
            self,
            head,
            f"{source} {kind} {why}{last_seen(head.loss)}",
            site=site,
            severity=severity,
            cause=Cause("head-loss-mismatch", f"Predictions from {seen.minimum:.4g} to {seen.maximum:.4g} in {kind}." if seen else why),
            evidence={
                "predictions": [seen.minimum, seen.maximum] if seen else None,
                "prediction_count": seen.count if seen else 0,
                "classes": head.loss.classes,
                "last_loss": head.loss.last_loss,
            },
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        PROBABILITIES = values(0, 1, rows_sum_to_one=True, rows_log_sum_to_zero=False)

        LOGARITHMS = values(-9, 0, rows_sum_to_one=False, rows_log_sum_to_zero=True)

        SCORES = values(-9, 9, rows_sum_to_one=False, rows_log_sum_to_zero=False)

        UNNORMALISED = values(-9, 0, rows_sum_to_one=False, rows_log_sum_to_zero=False)

        def nll(seen: ValueStatistics | None, *steps: HeadStep, kind: str = "nll_loss", **changes: Any) -> Recording:
            return output_head(kind, steps, classes=4, predictions=seen, **changes)

        return (
            RuleCase("log_softmax", nll(LOGARITHMS, HeadStep("log_softmax"))),
            RuleCase("log_softmax, values not seen", nll(None, HeadStep("log_softmax"))),
            RuleCase(
                "softmax", nll(PROBABILITIES, HeadStep("softmax")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0, treatments=("swap-activation:log_softmax",),
                    message="The softmax after head gives nll_loss probabilities, where nll_loss expects their logarithms. The loss "
                    "lies in [−1, 0]. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "predictions": [0, 1], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                    because="Predictions from 0 to 1 in nll_loss.",
                ),
            ),
            RuleCase(
                "softmax, values not seen", nll(None, HeadStep("softmax")),
                Expected(
                    "warning", "head-loss-mismatch", 40,
                    because="probabilities, where nll_loss expects their logarithms. The loss lies in [−1, 0].",
                ),
            ),
            RuleCase(
                "sigmoid", nll(values(0, 1, rows_sum_to_one=False), HeadStep("sigmoid")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The sigmoid after head gives nll_loss probabilities, where nll_loss expects their logarithms. The loss "
                    "lies in [−1, 0]. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "predictions": [0, 1], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                ),
            ),
            RuleCase("softmax and its logarithm", nll(LOGARITHMS, HeadStep("softmax"), HeadStep("log", kind="elementwise"))),
            RuleCase("a mixture's logarithm", nll(LOGARITHMS, HeadStep("log", kind="elementwise"))),
            RuleCase(
                "a mixture without its logarithm", nll(PROBABILITIES),
                Expected(
                    "warning", "head-loss-mismatch", 60, layer="",
                    message="The model gives nll_loss probabilities, where nll_loss expects their logarithms. The loss lies in [−1, "
                    "0]. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "predictions": [0, 1], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                ),
            ),
            RuleCase(
                "raw scores", nll(SCORES),
                Expected(
                    "error", "head-loss-mismatch", 60, layer="",
                    message="The model gives nll_loss raw scores up to 9, where nll_loss expects logarithms of probabilities, none "
                    "of which is above 0. Nothing keeps the loss from falling without end. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "predictions": [-9, 9], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                ),
            ),
            RuleCase("raw scores, values not seen", nll(None), not_judged="the predictions given to nll_loss were not seen"),
            RuleCase("rounding above 0", nll(values(-9, 0.0005))),
            RuleCase("beyond rounding", nll(values(-9, 0.002)), Expected("error", "head-loss-mismatch", 60)),
            RuleCase(
                "logarithms of sigmoids", nll(UNNORMALISED, HeadStep("logsigmoid")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The logsigmoid after head gives nll_loss logarithms whose exponentials do not sum to 1 over the "
                    "classes, so that the scores of all classes may grow together. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "predictions": [-9, 0], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                ),
            ),
            RuleCase(
                "KL of probabilities", nll(PROBABILITIES, HeadStep("softmax"), kind="kl_div"),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softmax after head gives kl_div probabilities, where kl_div expects their logarithms. It was last "
                    "seen at 0.7.",
                    evidence={"loss": "kl_div", "predictions": [0, 1], "prediction_count": 6400, "classes": 4, "last_loss": 0.7},
                    because="Predictions from 0 to 1 in kl_div.",
                ),
            ),
            RuleCase("KL of logarithms", nll(LOGARITHMS, HeadStep("log_softmax"), kind="kl_div")),
            RuleCase("KL of Bernoulli logarithms", nll(UNNORMALISED, HeadStep("logsigmoid"), kind="kl_div")),
            RuleCase("an expected score written by hand", nll(PROBABILITIES, HeadStep("softmax"), handwritten=True)),
            RuleCase("cross-entropy of scores", nll(SCORES, kind="cross_entropy")),
            RuleCase("just within rounding", nll(values(-9, 0.00096))),
            RuleCase("just beyond rounding", nll(values(-9, 0.00104)), Expected("error", "head-loss-mismatch", 60)),
            RuleCase(
                "two such networks", twice(nll(PROBABILITIES, HeadStep("softmax"))),
                Expected("warning", "head-loss-mismatch", 40),
                Expected("warning", "head-loss-mismatch", 140),
            ),
        )


def _normalised(head: Head) -> bool:
    """Whether the predictions are a log_softmax as it is: then they are log-probabilities whatever was seen."""
    first = next((node for node in head.chain if not keeps_values(node)), None)
    return first is not None and first.operation == "log_softmax"
