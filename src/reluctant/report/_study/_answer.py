"""What a study comes to, in one sentence, and what its trials were compared by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reluctant.numbers import plural, result
from reluctant.recording import Goal
from reluctant.studies import FEWEST_PAIRS, UNTREATED, Compared, Plan, Study

from .._safe_text import safe
from .._verdict import Verdict


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


FOUND_NOTHING = "nothing to compare"


def answer(study: Study, found: Sequence[Compared], noun: str) -> Verdict:
    """Which arm is better than the script as it stands, or that none is shown to be; `noun` is what the arms are.

    Arms that were drawn at random claim nothing and are left out, unless there are no others.
    """
    untreated, *arms = claiming(study, found)
    if not untreated.counted:
        why = safe(study.nothing_to_compare)
        return Verdict("nothing", f"{why[0].upper()}{why[1:]}.")
    tried = [arm for arm in arms if arm.counted]
    if not tried:
        return Verdict("nothing", f"No {noun} was tried: {_why(arms)}.")
    by_answer = {name: [arm for arm in tried if arm.answer == name] for name in ("better", "worse")}
    better, worse = by_answer["better"], by_answer["worse"]
    if better:
        return Verdict("clear", _better(better, tried, noun, Quantity.of(study.plan)))
    if worse:
        which = _named(worse, noun, tried, "is", "are")
        return Verdict("warning", f"No {noun} is shown to be better than the script {UNTREATED}; {which} worse.")
    pairs = max(len(arm.difference.differences) for arm in tried)
    if pairs < FEWEST_PAIRS:
        return Verdict("nothing", f"Nothing is shown yet: {plural(pairs, 'pair')} of trials, and fewer than {FEWEST_PAIRS} show nothing.")
    seeds = plural(pairs, "seed")
    what = safe(tried[0].arm) if len(tried) == 1 else f"any of {plural(len(tried), noun)}"
    return Verdict("nothing", f"No difference shown: {seeds} do not tell {what} from the script {UNTREATED}.")


def claiming(study: Study, found: Sequence[Compared]) -> list[Compared]:
    """The script as it stands and the arms that were chosen; also those that were drawn at random where no other was planned."""
    drawn = {arm.name for arm in study.plan.arms if arm.drawn}
    chosen = [arm for arm in found if arm.arm not in drawn]
    return chosen if len(chosen) > 1 else list(found)


def badge(verdict: Verdict, found: Sequence[Compared]) -> str:
    """The answer in a word or three."""
    if verdict.kind != "nothing":
        return "better" if verdict.kind == "clear" else "worse"
    return "no difference shown" if found[0].counted and any(arm.counted for arm in found[1:]) else FOUND_NOTHING


def _better(better: Sequence[Compared], tried: Sequence[Compared], noun: str, quantity: Quantity) -> str:
    best = quantity.ranked(better)[0]
    by = result(abs(best.difference.mean or 0.0))
    way = quantity.better
    if len(better) == 1:
        return f"{safe(best.arm)} is better than the script {UNTREATED}: its {quantity.noun} ends {way} by {by}."
    which = _named(better, noun, tried, "", "are")
    return f"{which} better than the script {UNTREATED}; {safe(best.arm)} ends {quantity.best_end}, {way} by {by}."


def _named(arms: Sequence[Compared], noun: str, tried: Sequence[Compared], is_one: str, are_many: str) -> str:
    """The one arm by its name, several by their number."""
    if len(arms) == 1:
        return f"{safe(arms[0].arm)} {is_one}"
    return f"{len(arms)} of {plural(len(tried), noun)} {are_many}"


def _why(arms: Sequence[Compared]) -> str:
    """The first reason that an arm was not tried, or that its turn never came."""
    return next((safe(arm.note) for arm in arms if arm.note), "the time was over before one had its turn")
