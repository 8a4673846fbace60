"""What a study comes to, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from reluctant.numbers import plural, result
from reluctant.studies import FEWEST_PAIRS, UNTREATED, Compared, Study

from .._safe_text import safe
from .._verdict import Verdict
from ._quantity import Quantity

FOUND_NOTHING = "nothing to compare"


def answer(study: Study, found: Sequence[Compared], noun: str) -> Verdict:
    """Which arm is better than the script as it stands, or that none is shown to be; `noun` is what the arms are.

    Arms that were drawn at random claim nothing and are left out, unless there are no others.
    """
    untreated, *arms = claiming(study, found)
    if not untreated.counted:
        why = nothing_to_compare(study)
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


def badge(said: Verdict, found: Sequence[Compared]) -> str:
    """The answer in a word or three."""
    if said.kind != "nothing":
        return "better" if said.kind == "clear" else "worse"
    return "no difference shown" if found[0].counted and any(arm.counted for arm in found[1:]) else FOUND_NOTHING


def nothing_to_compare(study: Study) -> str:
    """Why the script as it stands gave nothing that arms could be compared with, without a full stop."""
    first = next(iter(study.of(UNTREATED).values()), None)
    if first is None:
        return "the time was over before the script had run once as it stands"
    return f"as it stands the script gives nothing to compare: {safe(first.why_not)}"


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
