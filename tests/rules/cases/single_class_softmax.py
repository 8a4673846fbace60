"""RL405 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Location, Recording
from tests.recordings import SCRIPT
from tests.rules.cases import Case
from tests.rules.cases.output_head import LOSS_LINE, Step, output_head, values

LABELS = values(0, 1, distinct=(0.0, 1.0))


def probability(*steps: Step, classes: int = 1, kind: str = "binary_cross_entropy") -> Recording:
    return output_head(kind, steps, classes=classes, targets=LABELS)


def attention(largest: float) -> Recording:
    """A softmax inside the network, over up to `largest` items."""
    recording = output_head("cross_entropy", (Step("softmax", 24, {"classes": largest}),), classes=3)
    elsewhere = replace(recording.graphs[0], nodes=tuple(node for node in recording.graphs[0].nodes if node.kind != "activation"))
    return replace(recording, graphs=(elsewhere,), sites=(replace(recording.sites[0], role="attention"),))


def shared_line(first: float, second: float) -> Recording:
    """One function with a softmax, called behind two layers."""
    recording = attention(first)
    other = replace(recording.sites[0], id=1, after="other", parameters={"classes": second}, called=Location(SCRIPT, 24))
    return replace(recording, sites=(*recording.sites, other))


CASES = (
    Case("sigmoid", probability(Step("sigmoid"))),
    Case("softmax over one", probability(Step("softmax")), "error", "head-loss-mismatch", 40),
    Case("log_softmax over one", probability(Step("log_softmax")), "error"),
    Case("softmax over two", probability(Step("softmax"), classes=2)),
    Case("softmax over one, squared error", probability(Step("softmax"), kind="mse_loss"), "error", line=40),
    Case("cross-entropy over one column", probability(kind="cross_entropy"), "error", "head-loss-mismatch", LOSS_LINE),
    Case("sigmoid and cross-entropy over one column", probability(Step("sigmoid"), kind="cross_entropy"), "error", line=LOSS_LINE),
    Case("softmax and cross-entropy over one column", probability(Step("softmax"), kind="cross_entropy"), "error", line=40),
    Case("cross-entropy over two columns", probability(kind="cross_entropy", classes=2)),
    Case("attention over one item, always", attention(1.0), "warning", "activation-choice", 24),
    Case("attention over one item, now and then", attention(2.0)),
    Case("one line, never more than one item", shared_line(1.0, 1.0), "warning"),
    Case("one line, more items elsewhere", shared_line(1.0, 7.0)),
)
