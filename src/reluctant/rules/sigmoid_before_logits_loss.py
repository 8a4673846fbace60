"""RL402."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reluctant.recording import Cause, Finding, NotJudged, Recording, Site

from ._heads import LOGIT_LOSSES, Head, finding, heads, last_seen, named
from ._interval import Interval, softplus
from ._rule import Rule
from ._targets import label_floors


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
    good = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, :1] > 0).float()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.BCEWithLogitsLoss()
for step in range(60):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""

    LEAST_FLOOR_SHARE = 0.1
    """Of ln 2, the loss of a constant guess; a floor below a tenth of it costs no more than noisy labels do."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each head whose scores have an upper end that a loss on logits cannot do without."""
        for head in heads(recording):
            if head.loss.kind in LOGIT_LOSSES and not head.single_class:
                yield from self._judged(head, head.interval)

    def _judged(self, head: Head, interval: Interval) -> Iterator[Finding]:
        if softplus(-interval.upper) < self.LEAST_FLOOR_SHARE * math.log(2.0):
            return
        positive, negative = label_floors(interval, head.loss.targets)
        site = _bounding(head)
        what = f"The {named(site)}" if site else "What is given to the loss"
        told = [f"{floor:.3f} where the label is {label}" for floor, label in ((positive, 1), (negative, 0)) if floor > 0.0]
        if not told:
            return
        yield finding(
            self,
            head,
            f"{what} keeps the scores within {interval}, and {head.loss.kind} applies its own sigmoid to them: "
            f"the loss of an entry cannot fall below {' or '.join(told)}.{last_seen(head.loss)}",
            site=site,
            cause=Cause("head-loss-mismatch", f"Scores within {interval} under a second sigmoid: at least {' or '.join(told)}."),
            evidence={
                "floor_positive": positive,
                "floor_negative": negative,
                "reachable": [interval.lower, interval.upper],
                "last_loss": head.loss.last_loss,
            },
        )


def _bounding(head: Head) -> Site | None:
    """The activation nearest to the loss that has an upper end."""
    return next((site for site in head.sites if head.after(site).bounded_above), None)
