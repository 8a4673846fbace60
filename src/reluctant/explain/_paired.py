"""Successes of two treatments on the same seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ._spread import CONFIDENCE
from ._text import Text


def compared(ours: Sequence[bool], theirs: Sequence[bool]) -> int:
    """1 where ours succeeded more often than chance explains, -1 where theirs did, 0 where no difference is shown.

    The exact sign test, two-sided: of the seeds on which only one of the two succeeded, each had an even chance to be either's.
    """
    wins = sum(own and not other for own, other in zip(ours, theirs, strict=True))
    losses = sum(other and not own for own, other in zip(ours, theirs, strict=True))
    decided = wins + losses
    tail = sum(math.comb(decided, count) for count in range(min(wins, losses) + 1)) / 2**decided
    if 2 * tail > 1 - CONFIDENCE:
        return 0
    return 1 if wins > losses else -1


ANSWERS = {1: Text("better", "更好"), -1: Text("worse", "更差"), 0: Text("no difference shown", "未显示差别")}
