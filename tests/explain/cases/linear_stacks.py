"""Claim 1 from every side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from reluctant.explain import Verdict
from reluctant.explain.linear_stacks import LINEAR, RELU, ROUNDING, SEPARATED, SLACK, Measured
from tests.explain.cases import Case


def effect(measured: Measured) -> None:
    assert measured.merged.largest_difference < 1e-5 * measured.merged.largest_output
    assert measured.merged.relu_residual > 0.05
    best = {task.task: task.best_line for task in measured.tasks}
    for found in measured.accuracies:
        if found.activation == RELU:
            assert median(found.of_seeds) > best[found.task] + 0.05
        else:
            assert max(found.of_seeds) <= best[found.task] + SLACK


def cases(measured: Measured) -> Iterator[Case]:
    solved = with_accuracy(with_accuracy(measured, LINEAR, 0.5), RELU, 1.0)
    yield Case("all separated by ReLU", solved, Verdict.HOLDS)
    yield Case("ReLU just enough", with_accuracy(solved, RELU, SEPARATED), Verdict.HOLDS)
    yield Case("ReLU just too little", with_accuracy(solved, RELU, SEPARATED - 0.001), Verdict.CONDITIONS)
    best = measured.tasks[0].best_line
    yield Case("a stack as good as a line", with_accuracy(solved, LINEAR, min(task.best_line for task in measured.tasks)), Verdict.HOLDS)
    yield Case("a stack that beats every line", with_accuracy(solved, LINEAR, best + SLACK + 0.001), Verdict.NOT_HERE)
    size = measured.merged.largest_output
    for share, verdict in ((0.99, Verdict.HOLDS), (1.01, Verdict.NOT_HERE)):
        merged = replace(measured.merged, largest_difference=share * ROUNDING * size)
        yield Case(f"{share} of the rounding allowed", replace(solved, merged=merged), verdict)


def with_accuracy(measured: Measured, activation: str, share: float) -> Measured:
    """All networks with this activation as good as this."""
    changed = (replace(one, of_seeds=(share,) * len(one.of_seeds)) if one.activation == activation else one for one in measured.accuracies)
    return replace(measured, accuracies=tuple(changed))
