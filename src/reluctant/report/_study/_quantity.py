"""What the trials of a study were compared by, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reluctant.recording import Goal
from reluctant.studies import Compared, Plan


@dataclass(frozen=True, slots=True)
class Quantity:
    """What was compared, and which way is better."""

    noun: str = "loss"
    """loss, validation loss or metric."""
    goal: Goal = "min"

    @classmethod
    def of(cls, plan: Plan) -> Quantity:
        """What the trials of this plan are compared by."""
        return cls(plan.by, plan.goal)

    @property
    def short(self) -> str:
        """Its name for the heads of columns."""
        return self.noun.replace("validation", "val")

    @property
    def better(self) -> str:
        """``lower`` or ``higher``."""
        return "lower" if self.goal == "min" else "higher"

    @property
    def best_end(self) -> str:
        """``lowest`` or ``highest``."""
        return "lowest" if self.goal == "min" else "highest"

    @property
    def worse(self) -> str:
        """``higher`` or ``lower``."""
        return "higher" if self.goal == "min" else "lower"

    @property
    def side(self) -> str:
        """Which differences are better, as the end of a sentence."""
        return f"{'below' if self.goal == 'min' else 'above'} 0 is better"

    def ranked(self, arms: Sequence[Compared]) -> list[Compared]:
        """The best end first, those without one last."""
        sign = 1 if self.goal == "min" else -1
        return sorted(arms, key=lambda arm: math.inf if arm.end is None else sign * arm.end)
