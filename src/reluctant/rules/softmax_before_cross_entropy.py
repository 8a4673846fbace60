"""RL401."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.recording import Cause, Finding, Graph, Node, NotJudged, Recording, Site
from reluctant.recording.example import twice

from ._network import Network, build_network, place_of
from ._output_head import Head, head_finding, heads, last_seen, named
from ._rule import Rule
from ._value_range import ValueRange, keeps_values
from .testing import Expected, HeadStep, RuleCase, output_head, shift, values


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
    good = bad.replace(", nn.Softmax(dim=1)", "")

    LEAST_FLOOR_SHARE = 0.1
    """Of ln C, the loss of a constant guess. A floor below a tenth of it is what label smoothing or noisy labels impose anyway."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each bounded activation whose values a softmax in the loss takes for logits."""
        reported: set[int] = set()
        for head in heads(recording):
            for found in self._at_loss(head):
                reported.add(found.site if found.site is not None else -1)
                yield found
        yield from self._at_normalisers(build_network(recording), reported)

    def _at_loss(self, head: Head) -> Iterator[Finding]:
        scores, classes = head.class_scores, head.loss.classes
        if scores is None or classes is None or classes < 2 or head.single_class:
            return
        interval = head.interval if scores == head.loss.scores else head.reach(scores)
        if not interval.bounded and scores == head.loss.scores and head.loss.predictions and head.loss.predictions.rows_sum_to_one:
            interval = ValueRange(0.0, 1.0)
        floor = math.log1p((classes - 1) * math.exp(-interval.width)) if interval.bounded else 0.0
        if floor < self.LEAST_FLOOR_SHARE * math.log(classes):
            return
        site = next((site for site in head.score_sites if head.after(site).bounded), None)
        what = f"The {named(site)}" if site else "What is given to the loss"
        yield head_finding(
            self,
            head,
            f"{what} keeps the class scores within {interval}, and {head.loss.kind} takes them for logits and applies its own softmax: "
            f"with {classes} classes the loss cannot fall below {floor:.3f}.{last_seen(head.loss)}",
            site=site,
            cause=Cause("head-loss-mismatch", f"Scores within {interval} under a softmax over {classes} classes: at least {floor:.3f}."),
            evidence={"classes": classes, "floor": floor, "reachable": [interval.lower, interval.upper], "last_loss": head.loss.last_loss},
        )

    def _at_normalisers(self, network: Network, reported: set[int]) -> Iterator[Finding]:
        """The logits of a distribution, and a log_softmax in a loss written by hand: told by a softmax right before a log-normaliser."""
        for site in _normalised_twice(network):
            if site.id in reported:
                continue
            reported.add(site.id)
            yield self.finding(
                f"The {named(site)} makes probabilities, and these are normalised a second time as if they were logits: "
                "no class can become e times as likely as another.",
                place_of(site),
                layer=site.after,
                site=site.id,
                evidence={"classes": site.parameters.get("classes"), "reachable": [0.0, 1.0]},
                cause=Cause("head-loss-mismatch", "A softmax whose output goes straight into another log-normaliser."),
            )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        def scores(*steps: HeadStep, classes: int = 10, kind: str = "cross_entropy", **changes: Any) -> Recording:
            return output_head(kind, steps, classes=classes, targets=values(0, classes - 1, distinct=range(classes)), **changes)

        def categorical(*steps: HeadStep) -> Recording:
            """The logits of a distribution: a log-sum-exp of them, and no loss that is known."""
            recording = output_head("custom", steps, classes=4)
            graph = recording.graphs[0]
            nodes = (replace(graph.nodes[0], inputs=(1, 100)), *graph.nodes[1:], Node(100, "logsumexp", "elementwise", (1,)))
            return replace(recording, graphs=(Graph(0, 10, nodes=nodes),), losses=())

        return (
            RuleCase("raw scores", scores()),
            RuleCase(
                "softmax", scores(HeadStep("softmax")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0, treatments=("remove-output-activation",),
                    message="The softmax after head keeps the class scores within [0, 1], and cross_entropy takes them for logits "
                    "and applies its own softmax: with 10 classes the loss cannot fall below 1.461. It was last seen at 0.7.",
                    evidence={"loss": "cross_entropy", "classes": 10, "floor": 1.461, "reachable": [0.0, 1.0], "last_loss": 0.7},
                    because="Scores within [0, 1] under a softmax over 10 classes: at least 1.461.",
                ),
            ),
            RuleCase("softmax and two classes", scores(HeadStep("softmax"), classes=2), Expected("warning", "head-loss-mismatch", 40)),
            RuleCase(
                "softmax, class by class picked", scores(HeadStep("softmax"), HeadStep("select", kind="affine")),
                Expected("warning", "head-loss-mismatch", 40),
            ),
            RuleCase(
                "sigmoid", scores(HeadStep("sigmoid")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The sigmoid after head keeps the class scores within [0, 1], and cross_entropy takes them for logits "
                    "and applies its own softmax: with 10 classes the loss cannot fall below 1.461. It was last seen at 0.7.",
                    evidence={"loss": "cross_entropy", "classes": 10, "floor": 1.461, "reachable": [0.0, 1.0], "last_loss": 0.7},
                ),
            ),
            RuleCase(
                "tanh", scores(HeadStep("tanh")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The tanh after head keeps the class scores within [-1, 1], and cross_entropy takes them for logits and "
                    "applies its own softmax: with 10 classes the loss cannot fall below 0.797. It was last seen at 0.7.",
                    evidence={"loss": "cross_entropy", "classes": 10, "floor": 0.7966, "reachable": [-1.0, 1.0], "last_loss": 0.7},
                ),
            ),
            RuleCase("log_softmax", scores(HeadStep("log_softmax"))),
            RuleCase("softmax and its logarithm", scores(HeadStep("softmax"), HeadStep("log", kind="elementwise"))),
            RuleCase("relu", scores(HeadStep("relu"))),
            RuleCase("soft cap of 10", scores(HeadStep("tanh"), shift(10.0))),
            RuleCase("soft cap just too low", scores(HeadStep("tanh"), shift(1.7)), Expected("warning", "head-loss-mismatch", 40)),
            RuleCase("soft cap just high enough", scores(HeadStep("tanh"), shift(1.85))),
            RuleCase("unknown factor", scores(HeadStep("tanh"), HeadStep("mul", kind="affine"))),
            RuleCase("one class is RL405's", scores(HeadStep("softmax"), classes=1)),
            RuleCase(
                "rows that sum to 1", scores(predictions=values(0, 1, rows_sum_to_one=True)),
                Expected(
                    "warning", "head-loss-mismatch", 60, layer="",
                    message="What is given to the loss keeps the class scores within [0, 1], and cross_entropy takes them for logits "
                    "and applies its own softmax: with 10 classes the loss cannot fall below 1.461. It was last seen at 0.7.",
                    evidence={"loss": "cross_entropy", "classes": 10, "floor": 1.461, "reachable": [0.0, 1.0], "last_loss": 0.7},
                ),
            ),
            RuleCase("scores that leave the interval", scores(HeadStep("sigmoid"), predictions=values(-3, 3))),
            RuleCase(
                "log_softmax of a softmax in NLL", scores(HeadStep("softmax", 38), HeadStep("log_softmax", 39), kind="nll_loss"),
                Expected(
                    "warning", "head-loss-mismatch", 38, layer="head", site=1,
                    message="The softmax after head keeps the class scores within [0, 1], and nll_loss takes them for logits and "
                    "applies its own softmax: with 10 classes the loss cannot fall below 1.461. It was last seen at 0.7.",
                    evidence={"loss": "nll_loss", "classes": 10, "floor": 1.461, "reachable": [0.0, 1.0], "last_loss": 0.7},
                ),
            ),
            RuleCase("log_softmax in NLL", scores(HeadStep("log_softmax"), kind="nll_loss")),
            RuleCase("log_softmax of a relu in NLL", scores(HeadStep("relu"), HeadStep("log_softmax"), kind="nll_loss")),
            RuleCase(
                "softmax as logits of a distribution", categorical(HeadStep("softmax")),
                Expected(
                    "warning", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softmax after head makes probabilities, and these are normalised a second time as if they were "
                    "logits: no class can become e times as likely as another.",
                    evidence={"classes": 4.0, "reachable": [0.0, 1.0]},
                    because="A softmax whose output goes straight into another log-normaliser.",
                ),
            ),
            RuleCase("scores as logits of a distribution", categorical()),
            RuleCase("a squared error on a softmax", scores(HeadStep("softmax"), kind="mse_loss")),
            RuleCase("soft cap of 1.75", scores(HeadStep("tanh"), shift(1.75)), Expected("warning", "head-loss-mismatch", 40)),
            RuleCase("soft cap of 1.8", scores(HeadStep("tanh"), shift(1.8))),
            RuleCase("a softmax over one as logits of a distribution", categorical(HeadStep("softmax", parameters={"classes": 1.0}))),
            RuleCase(
                "two such networks", twice(scores(HeadStep("softmax"))),
                Expected("warning", "head-loss-mismatch", 40),
                Expected("warning", "head-loss-mismatch", 140),
            ),
        )


def _normalised_twice(network: Network) -> Iterator[Site]:
    """The softmaxes over two or more classes whose values reach a log_softmax or a logsumexp as they are."""
    for structure in network.structures:
        for node in structure.nodes.values():
            if node.operation not in ("log_softmax", "logsumexp"):
                continue
            for source in structure.nearest_upstream(node.id, _is_softmax, keeps_values):
                site = network.sites.get(structure.nodes[source].site or 0)
                if site is not None and site.parameters.get("classes", 2.0) > 1.0:
                    yield site


def _is_softmax(node: Node) -> bool:
    return node.kind == "activation" and node.operation == "softmax" and node.site is not None
