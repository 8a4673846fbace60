"""RL405."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.recording import Cause, Finding, Location, Loss, NotJudged, Recording, Site
from reluctant.recording.example import SCRIPT, twice

from ._network import place_of
from ._output_head import Head, heads, named
from ._rule import Rule
from .testing import Expected, HeadStep, RuleCase, output_head, values

NORMALISERS = ("softmax", "log_softmax")


class SingleClassSoftmax(Rule):
    """A softmax runs over an axis of size 1, or a cross-entropy over one class.

    ## What it does

    Looks for a softmax or log_softmax over one value, on the output or in an attention, and for `cross_entropy` on
    scores with one column.

    ## Why is this bad?

    eˣ / eˣ = 1 for every x. The output is the constant 1 (its logarithm the constant 0), its slope is exactly 0, and
    nothing before it is trained through it. The loss does not depend on the weights: binary cross-entropy stands at
    100 times the share of negative labels, because PyTorch cuts the logarithm off at −100, and a cross-entropy over
    one class stands at 0 and looks like success. In an attention, weights of 1 everywhere make the weighted mean a
    plain sum, and the scores are never learned.

    ## How it decides

    From the size of the axis in every call that was measured. An axis whose size varies, such as the items of a bag
    or a growing history, is no fault when it is 1 now and then: one larger size anywhere on the same line acquits it.
    It is an **error** on the output and a **warning** elsewhere.

    ## Remedy

    For two classes with one output: a sigmoid and `binary_cross_entropy`, or the raw score and
    `binary_cross_entropy_with_logits`. For C classes: C outputs and `cross_entropy`. For a number: no activation. In
    an attention: the softmax over the axis of the items, often `dim=1` where `dim=-1` is written.

    ## When to ignore it

    When the axis has one entry in this run alone, for example with a history of length 1.

    ## Sources

    The formula is elementary. It is the most frequent fault of the output among the programs of Ghanbari, Thomas,
    Arshad, Rajan, "Mutation-based fault localization of deep neural networks" (2023).
    """

    code = "RL405"
    severity = "error"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = (x[:, :1] > 0).float()
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.binary_cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("nn.Softmax(dim=1)", "nn.Sigmoid()")

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each softmax over one value, and for each categorical loss over one class."""
        found = heads(recording)
        varied = _varied_lines(recording)
        for site in recording.sites:
            if site.role != "loss" and _single(site) and _line(site) not in varied:
                yield self._constant(site, next((head for head in found if site in head.sites), None))
        for head in found:
            if head.loss.kind == "cross_entropy" and head.loss.classes == 1 and not any(_single(site) for site in head.sites):
                yield self._one_column(head)

    def _constant(self, site: Site, head: Head | None) -> Finding:
        logarithm = site.operation == "log_softmax"
        message = (
            f"The {named(site)} runs over an axis of size 1: its output is the constant {0 if logarithm else 1} and its slope exactly 0, "
            + (f"so {head.loss.kind} does not depend on the weights." if head else "so the scores before it are never trained.")
        )
        return self._finding(
            message,
            head.place(site) if head else place_of(site),
            site=site,
            head=head,
            evidence={"classes": 1, "calls": site.calls, **(_targets(head.loss) if head else {})},
        )

    def _one_column(self, head: Head) -> Finding:
        targets = head.loss.targets
        distinct = f" The targets hold {len(targets.distinct)} different values." if targets and len(targets.distinct) > 1 else ""
        message = f"{head.loss.kind} is given scores with one column: over one class it is the constant 0 and passes no gradient.{distinct}"
        evidence: dict[str, object] = {"classes": 1, "last_loss": head.loss.last_loss}
        return self._finding(message, head.place(), site=None, head=head, evidence=evidence)

    def _finding(
        self,
        message: str,
        line: Location,
        *,
        site: Site | None,
        head: Head | None,
        evidence: dict[str, object],
    ) -> Finding:
        return self.finding(
            message,
            line,
            severity="error" if head else "warning",
            layer=site.after if site else "",
            site=site.id if site else None,
            evidence={"loss": head.loss.kind, **evidence} if head else evidence,
            cause=Cause(
                "head-loss-mismatch" if head else "activation-choice",
                "A softmax over one value is 1 for every input." if site else "A cross-entropy over one class is 0 for every input.",
            ),
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        LABELS = values(0, 1, distinct=(0.0, 1.0))

        def probability(*steps: HeadStep, classes: int = 1, kind: str = "binary_cross_entropy") -> Recording:
            return output_head(kind, steps, classes=classes, targets=LABELS)

        def attention(largest: float) -> Recording:
            """A softmax inside the network, over up to `largest` items."""
            recording = output_head("cross_entropy", (HeadStep("softmax", 24, {"classes": largest}),), classes=3)
            elsewhere = replace(recording.graphs[0], nodes=tuple(node for node in recording.graphs[0].nodes if node.kind != "activation"))
            return replace(recording, graphs=(elsewhere,), sites=(replace(recording.sites[0], role="attention"),))

        def shared_line(first: float, second: float) -> Recording:
            """One function with a softmax, called behind two layers."""
            recording = attention(first)
            other = replace(recording.sites[0], id=1, after="other", parameters={"classes": second}, called=Location(SCRIPT, 24))
            return replace(recording, sites=(*recording.sites, other))

        return (
            RuleCase("sigmoid", probability(HeadStep("sigmoid"))),
            RuleCase(
                "softmax over one", probability(HeadStep("softmax")),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0, treatments=("swap-activation:sigmoid",),
                    message="The softmax after head runs over an axis of size 1: its output is the constant 1 and its slope exactly "
                    "0, so binary_cross_entropy does not depend on the weights.",
                    evidence={"loss": "binary_cross_entropy", "classes": 1, "calls": 1, "targets": [0, 1]},
                    because="A softmax over one value is 1 for every input.",
                ),
            ),
            RuleCase(
                "log_softmax over one", probability(HeadStep("log_softmax")),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The log_softmax after head runs over an axis of size 1: its output is the constant 0 and its slope "
                    "exactly 0, so binary_cross_entropy does not depend on the weights.",
                    evidence={"loss": "binary_cross_entropy", "classes": 1, "calls": 1, "targets": [0, 1]},
                ),
            ),
            RuleCase("softmax over two", probability(HeadStep("softmax"), classes=2)),
            RuleCase(
                "softmax over one, squared error", probability(HeadStep("softmax"), kind="mse_loss"),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softmax after head runs over an axis of size 1: its output is the constant 1 and its slope exactly "
                    "0, so mse_loss does not depend on the weights.",
                    evidence={"loss": "mse_loss", "classes": 1, "calls": 1, "targets": [0, 1]},
                ),
            ),
            RuleCase(
                "cross-entropy over one column", probability(kind="cross_entropy"),
                Expected(
                    "error", "head-loss-mismatch", 60, layer="",
                    message="cross_entropy is given scores with one column: over one class it is the constant 0 and passes no "
                    "gradient. The targets hold 2 different values.",
                    evidence={"loss": "cross_entropy", "classes": 1, "last_loss": 0.7},
                    because="A cross-entropy over one class is 0 for every input.",
                ),
            ),
            RuleCase(
                "sigmoid and cross-entropy over one column", probability(HeadStep("sigmoid"), kind="cross_entropy"),
                Expected("error", "head-loss-mismatch", 60),
            ),
            RuleCase(
                "softmax and cross-entropy over one column", probability(HeadStep("softmax"), kind="cross_entropy"),
                Expected(
                    "error", "head-loss-mismatch", 40, layer="head", site=0,
                    message="The softmax after head runs over an axis of size 1: its output is the constant 1 and its slope exactly "
                    "0, so cross_entropy does not depend on the weights.",
                    evidence={"loss": "cross_entropy", "classes": 1, "calls": 1, "targets": [0, 1]},
                ),
            ),
            RuleCase("cross-entropy over two columns", probability(kind="cross_entropy", classes=2)),
            RuleCase(
                "attention over one item, always", attention(1.0),
                Expected(
                    "warning", "activation-choice", 24, layer="head", site=0, treatments=(),
                    message="The softmax after head runs over an axis of size 1: its output is the constant 1 and its slope exactly "
                    "0, so the scores before it are never trained.",
                    evidence={"classes": 1, "calls": 1},
                    because="A softmax over one value is 1 for every input.",
                ),
            ),
            RuleCase("attention over one item, now and then", attention(2.0)),
            RuleCase(
                "one line, never more than one item", shared_line(1.0, 1.0),
                Expected("warning", "activation-choice", 24),
                Expected(
                    "warning", "activation-choice", 24, layer="other", site=1,
                    message="The softmax after other runs over an axis of size 1: its output is the constant 1 and its slope exactly "
                    "0, so the scores before it are never trained.",
                    evidence={"classes": 1, "calls": 1},
                ),
            ),
            RuleCase("one line, more items elsewhere", shared_line(1.0, 7.0)),
            RuleCase(
                "cross-entropy over one column, one label", output_head("cross_entropy", classes=1, targets=values(0, 0, distinct=(0.0,))),
                Expected("error", "head-loss-mismatch", 60),
            ),
            RuleCase(
                "two such networks", twice(probability(HeadStep("softmax"))),
                Expected("error", "head-loss-mismatch", 40),
                Expected("error", "head-loss-mismatch", 140),
            ),
        )


def _single(site: Site) -> bool:
    return site.operation in NORMALISERS and site.parameters.get("classes") == 1


def _line(site: Site) -> tuple[str, int]:
    line = site.called or place_of(site)
    return line.file, line.line


def _varied_lines(recording: Recording) -> set[tuple[str, int]]:
    """Lines where a softmax saw more than one value at least once: there the size of the axis varies."""
    return {
        _line(site)
        for site in recording.sites
        if site.operation in NORMALISERS and site.role != "loss" and site.parameters.get("classes", 1.0) > 1 and _line(site)[1]
    }


def _targets(loss: Loss) -> dict[str, object]:
    """The smallest and the largest target, where some were seen: what lies within 0 and 1 may be a probability."""
    return {"targets": [loss.targets.minimum, loss.targets.maximum]} if loss.targets is not None else {}
