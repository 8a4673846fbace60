"""RL407 from both sides."""

from __future__ import annotations

from reluctant.recording import Recording, ValueStatistics
from tests.rules.cases import Case
from tests.rules.cases.output_head import LOSS_LINE, Step, output_head, values

CAUSE = "head-loss-mismatch"
BINARY = values(0, 1, distinct=(0.0, 1.0))
ONE_HOT = values(0, 1, distinct=(0.0, 1.0), mean=0.25, std=0.433, rows_sum_to_one=True)
PIXELS = values(0, 1, distinct=(0.0, 1.0), rows_sum_to_one=False)
INDICES = values(0, 9, distinct=tuple(map(float, range(10))))
COUNTS = values(0, 8, distinct=tuple(map(float, range(9))), mean=2.0, std=1.4)


def error(targets: ValueStatistics | None, *steps: Step, kind: str = "mse_loss", **changes: object) -> Recording:
    return output_head(kind, steps, targets=targets, **changes)  # type: ignore[arg-type]


def flat(share: float) -> Step:
    return Step("sigmoid", flat_share=share)


RELATIVE = {"relative": 1.0}

CASES = (
    Case("numbers", error(values(-2, 2))),
    Case("no targets seen", error(None)),
    Case("zeros and ones", error(BINARY, Step("sigmoid")), "advice", CAUSE, LOSS_LINE),
    Case("zeros and ones, raw score", error(BINARY), "advice"),
    Case("one-hot rows", error(ONE_HOT, Step("softmax"), classes=4), "advice"),
    Case("one-hot rows, absolute error", error(ONE_HOT, classes=4, kind="l1_loss"), "advice"),
    Case("an image of zeros and ones", error(PIXELS, Step("sigmoid"), classes=64)),
    Case("class indices", error(INDICES), "advice"),
    Case("counts", error(COUNTS)),
    Case("ratings from 1", error(values(1, 5, distinct=(1.0, 2.0, 3.0, 4.0, 5.0)))),
    Case("one target value, as in a GAN", error(values(1, 1, distinct=(1.0,)), Step("sigmoid"))),
    Case("cross-entropy", error(BINARY, Step("sigmoid"), kind="binary_cross_entropy")),
    Case("a difference by hand", error(ONE_HOT, Step("sigmoid"), classes=4, kind="custom", handwritten=True), "advice"),
    Case("flat, and no better than a guess", error(BINARY, flat(0.5), last_loss=0.25), "warning", CAUSE),
    Case("flat, and just better than a guess", error(BINARY, flat(0.5), last_loss=0.22), "advice"),
    Case("less than half flat", error(BINARY, flat(0.49), last_loss=0.25), "advice"),
    Case("flat and right", error(BINARY, flat(0.9), last_loss=0.01), "advice"),
    Case("flat, absolute error", error(BINARY, flat(0.9), kind="l1_loss", last_loss=0.5), "warning"),
    Case("percentage error on zeros", error(BINARY, Step("sigmoid"), kind="l1_loss", handwritten=True, options=RELATIVE), "warning", CAUSE),
    Case("percentage error on numbers", error(values(1, 9), kind="l1_loss", handwritten=True, options=RELATIVE)),
    Case("softmax over one is RL405's", error(BINARY, Step("softmax"))),
)
