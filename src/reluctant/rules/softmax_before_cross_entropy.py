"""RL401."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reluctant.recording import Cause, Finding, Node, NotJudged, Recording, Site

from ._heads import Head, finding, heads, last_seen, named
from ._interval import Interval
from ._network import Network, network, place_of
from ._reach import keeps_values
from ._rule import Rule


class SoftmaxBeforeCrossEntropy(Rule):
    """Probabilities, or other bounded scores, are given to a loss that applies its own softmax.

    ## What it does

    Looks at what stands between the last layer and a cross-entropy (or a log_softmax with NLL, or the logits of a
    categorical distribution): a softmax, a sigmoid, a tanh or any other function with two finite ends.

    ## Why is this bad?

    `cross_entropy` takes logits, numbers of any size, and applies the softmax itself. When the scores cannot differ
    by more than w, the probability of the right class among C cannot exceed 1 / (1 + (C−1)·e^−w), so the loss cannot
    fall below

        ln(1 + (C−1)·e^−w)

    A softmax or a sigmoid has w = 1: the floor is 0.313 for 2 classes, 0.551 for 3, 1.461 for 10 and 5.91 for 1000.
    The network may still rank the classes rightly, but it learns slowly, because the second softmax flattens every
    gradient.

    ## How it decides

    By this closed form, from the graph alone: the interval that the scores can reach follows from the activation and
    from constant factors behind it. It speaks when the floor is at least a tenth of ln C, the loss of a constant
    guess. So `10 * tanh(x)` and other soft caps pass. log_softmax before cross-entropy passes as well: it is
    idempotent and changes nothing.

    ## Remedy

    Give the loss the values from before the activation: delete the softmax or sigmoid from the model, and apply it
    only where probabilities are wanted, outside of training. If several classes can be right at once, keep one score
    for each and use `binary_cross_entropy_with_logits`.

    ## When to ignore it

    When the scores are bounded on purpose, say to keep a teacher's confidence low, and the floor is known.

    ## Sources

    The formula is elementary. `torch.nn.CrossEntropyLoss` documents that its input "is expected to contain the
    unnormalized logits".
    """

    code = "RL401"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""

    LEAST_FLOOR_SHARE = 0.1
    """Of ln C, the loss of a constant guess. A floor below a tenth of it is what label smoothing or noisy labels impose anyway."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each bounded activation whose values a softmax in the loss takes for logits."""
        told: set[int] = set()
        for head in heads(recording):
            for found in self._at_loss(head):
                told.add(found.site if found.site is not None else -1)
                yield found
        yield from self._at_normalisers(network(recording), told)

    def _at_loss(self, head: Head) -> Iterator[Finding]:
        scores, classes = head.class_scores, head.loss.classes
        if scores is None or classes is None or classes < 2 or head.single_class:
            return
        interval = head.interval if scores == head.loss.scores else head.reach(scores)
        if not interval.bounded and scores == head.loss.scores and head.loss.predictions and head.loss.predictions.rows_sum_to_one:
            interval = Interval(0.0, 1.0)
        floor = math.log1p((classes - 1) * math.exp(-interval.width)) if interval.bounded else 0.0
        if floor < self.LEAST_FLOOR_SHARE * math.log(classes):
            return
        site = next((site for site in head.score_sites if head.after(site).bounded), None)
        what = f"The {named(site)}" if site else "What is given to the loss"
        yield finding(
            self,
            head,
            f"{what} keeps the class scores within {interval}, and {head.loss.kind} takes them for logits and applies its own softmax: "
            f"with {classes} classes the loss cannot fall below {floor:.3f}.{last_seen(head.loss)}",
            site=site,
            cause=Cause("head-loss-mismatch", f"Scores within {interval} under a softmax over {classes} classes: at least {floor:.3f}."),
            evidence={"classes": classes, "floor": floor, "reachable": [interval.lower, interval.upper], "last_loss": head.loss.last_loss},
        )

    def _at_normalisers(self, known: Network, told: set[int]) -> Iterator[Finding]:
        """The logits of a distribution, and a log_softmax in a loss written by hand: told by a softmax right before a log-normaliser."""
        for site in _normalised_twice(known):
            if site.id in told:
                continue
            told.add(site.id)
            yield self.found(
                f"The {named(site)} makes probabilities, and these are normalised a second time as if they were logits: "
                "no class can become e times as likely as another.",
                place_of(site),
                layer=site.after,
                site=site.id,
                evidence={"classes": site.parameters.get("classes"), "reachable": [0.0, 1.0]},
                cause=Cause("head-loss-mismatch", "A softmax whose output goes straight into another log-normaliser."),
            )


def _normalised_twice(known: Network) -> Iterator[Site]:
    """The softmaxes over two or more classes whose values reach a log_softmax or a logsumexp as they are."""
    for held in known.structures:
        for node in held.nodes.values():
            if node.operation not in ("log_softmax", "logsumexp"):
                continue
            for source in held.nearest_upstream(node.id, _is_softmax, keeps_values):
                site = known.sites.get(held.nodes[source].site or 0)
                if site is not None and site.parameters.get("classes", 2.0) > 1.0:
                    yield site


def _is_softmax(node: Node) -> bool:
    return node.kind == "activation" and node.operation == "softmax" and node.site is not None
