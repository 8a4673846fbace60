"""RL401 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Graph, Node, Recording
from tests.rules.cases import Case
from tests.rules.cases.output_head import LOSS_LINE, Step, output_head, shift, values

CAUSE = "head-loss-mismatch"


def scores(*steps: Step, classes: int = 10, kind: str = "cross_entropy", **changes: object) -> Recording:
    return output_head(kind, steps, classes=classes, targets=values(0, classes - 1, distinct=range(classes)), **changes)  # type: ignore[arg-type]


def categorical(*steps: Step) -> Recording:
    """The logits of a distribution: a log-sum-exp of them, and no loss that is known."""
    recording = output_head("custom", steps, classes=4)
    graph = recording.graphs[0]
    nodes = (replace(graph.nodes[0], inputs=(1, 100)), *graph.nodes[1:], Node(100, "logsumexp", "elementwise", (1,)))
    return replace(recording, graphs=(Graph(0, 10, nodes=nodes),), losses=())


CASES = (
    Case("raw scores", scores()),
    Case("softmax", scores(Step("softmax")), "warning", CAUSE, 40),
    Case("softmax and two classes", scores(Step("softmax"), classes=2), "warning"),
    Case("softmax, class by class picked", scores(Step("softmax"), Step("select", kind="affine")), "warning", line=40),
    Case("sigmoid", scores(Step("sigmoid")), "warning", CAUSE),
    Case("tanh", scores(Step("tanh")), "warning"),
    Case("log_softmax", scores(Step("log_softmax"))),
    Case("softmax and its logarithm", scores(Step("softmax"), Step("log", kind="elementwise"))),
    Case("relu", scores(Step("relu"))),
    Case("soft cap of 10", scores(Step("tanh"), shift(10.0))),
    Case("soft cap just too low", scores(Step("tanh"), shift(1.7)), "warning"),
    Case("soft cap just high enough", scores(Step("tanh"), shift(1.85))),
    Case("unknown factor", scores(Step("tanh"), Step("mul", kind="affine"))),
    Case("one class is RL405's", scores(Step("softmax"), classes=1)),
    Case("rows that sum to 1", scores(predictions=values(0, 1, rows_sum_to_one=True)), "warning", line=LOSS_LINE),
    Case("scores that leave the interval", scores(Step("sigmoid"), predictions=values(-3, 3))),
    Case("log_softmax of a softmax in NLL", scores(Step("softmax", 38), Step("log_softmax", 39), kind="nll_loss"), "warning", line=38),
    Case("log_softmax in NLL", scores(Step("log_softmax"), kind="nll_loss")),
    Case("log_softmax of a relu in NLL", scores(Step("relu"), Step("log_softmax"), kind="nll_loss")),
    Case("softmax as logits of a distribution", categorical(Step("softmax")), "warning", CAUSE, 40),
    Case("scores as logits of a distribution", categorical()),
    Case("a squared error on a softmax", scores(Step("softmax"), kind="mse_loss")),
)
