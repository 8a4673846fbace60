"""Everything that the report of a study says, in order, as plain text: the renderers only give it a form."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reluctant.numbers import count, plural, result
from reluctant.studies import LEVEL, UNTREATED, Compared, Study, by_hand, compared

from .._safe_text import safe, visible
from .._verdict import Verdict
from ._answer import answer, badge, claiming
from ._facts import facts, length, program, seeds_of
from ._left_out import LeftOut, left_out, not_run
from ._quantity import Quantity
from ._ranking import Ranking, marked, measures_of, ranking

WHAT = {"activation": "activations compared in", "treatment": "treatments tried on"}

MOST_CURVES = 8
"""Arms that have a colour of their own."""


@dataclass(frozen=True, slots=True)
class StudyOutline:
    """The parts of a study's report. All text is safe to show."""

    title: str
    what: str
    """``activations compared in``, or ``treatments tried on``: the script follows."""
    noun: str
    """What one arm is: an activation, a treatment."""
    quantity: Quantity
    """What was compared."""
    script: str
    """With its arguments."""
    verdict: Verdict
    badge: str
    """The answer in a word or three."""
    figures: tuple[tuple[str, str], ...]
    """(what, value): the study in a few figures."""
    notes: tuple[str, ...]
    ranking: Ranking
    reading: str
    """What the columns are and how sure the answers are."""
    left_out: tuple[LeftOut, ...]
    facts: tuple[tuple[str, str], ...]
    """(what, how) it was measured."""
    commands: tuple[tuple[str, str], ...]
    """(arm, the command that repeats a trial of it)."""
    as_page: str
    """The command that writes it as a page; empty where the study is saved in no file."""
    found: tuple[Compared, ...]
    """What all of it is made of."""
    colours: dict[str, int]
    """The colour of each arm whose curve is drawn."""
    at_random: tuple[str, ...] = ()
    """The arms that were drawn at random, to compare the others with."""

    def label(self, arm: str) -> str:
        """The name of an arm, with a mark where it was drawn at random."""
        return marked(safe(arm), arm in self.at_random)


def study_outline(study: Study, source: str = "") -> StudyOutline:
    """What the report of a study says; `source` is the file that it is saved in."""
    found = compared(study)
    noun = "treatment" if any(arm.group for arm in study.plan.arms) else "activation"
    quantity = Quantity.of(study.plan)
    colours = colours_of(found, quantity)
    drawn = [arm.name for arm in study.plan.arms if arm.drawn]
    script = program(study)
    seeds = plural(seeds_of(study), "seed")
    each = length(study.plan)
    missing = not_run(study)
    said = answer(study, found, noun)
    return StudyOutline(
        title=f"reluctant · {script} · {plural(len(study.plan.arms), noun)}, {seeds}{f', {each} each' if each else ''}",
        what=WHAT[noun],
        noun=noun,
        quantity=quantity,
        script=script,
        verdict=said,
        badge=badge(said, claiming(study, found)),
        figures=tuple(_figures(study, found, noun, quantity)),
        notes=tuple(note for note in (_between(claiming(study, found)), _by_chance(found, drawn), missing) if note),
        ranking=ranking(found, colours, quantity, drawn),
        reading=_reading(found, quantity),
        left_out=left_out(study, found),
        facts=tuple(facts(study, found, noun, quantity)),
        commands=tuple((safe(arm.name), visible(by_hand(study.plan, arm))) for arm in study.plan.all_arms),
        as_page=visible(shlex.join(["reluctant", "report", source, "-o", str(PurePath(source).with_suffix(".html"))])) if source else "",
        found=found,
        colours=colours,
        at_random=tuple(drawn),
    )


def _figures(study: Study, found: Sequence[Compared], noun: str, quantity: Quantity) -> Iterator[tuple[str, str]]:
    yield f"{noun}s", count(len(found) - 1)
    yield "seeds", count(seeds_of(study))
    yield "a trial", length(study.plan) or "the whole script"
    yield "trials counted", f"{count(sum(arm.counted for arm in found))} of {count(len(study.results))}"
    best = next((arm for arm in quantity.ranked(claiming(study, found)) if arm.end is not None), None)
    if best is not None and found[0].end is not None:
        yield f"end {quantity.noun}, {UNTREATED} → {quantity.best_end}", f"{result(found[0].end)} → {result(best.end)}"


def colours_of(found: Sequence[Compared], quantity: Quantity) -> dict[str, int]:
    """A colour for the best arms; the script as it stands has none."""
    best = [arm.arm for arm in quantity.ranked(found) if arm.counted and arm.arm != UNTREATED][:MOST_CURVES]
    return {name: index for index, name in enumerate(best, start=1)}


def _between(found: Sequence[Compared]) -> str:
    better = sum(arm.answer == "better" for arm in found)
    return f"Each is compared with the script {UNTREATED}; the {better} were not compared with each other." if better > 1 else ""


def _by_chance(found: Sequence[Compared], drawn: Sequence[str]) -> str:
    """What became of the arms that were drawn at random."""
    if not drawn:
        return ""
    better = sum(arm.answer == "better" for arm in found if arm.arm in drawn)
    return f"Drawn at random, to compare the others with: {', '.join(map(safe, drawn))}; better: {better} of {len(drawn)}."


def _reading(found: Sequence[Compared], quantity: Quantity) -> str:
    """What the columns are, and how sure the last one is."""
    pairs = max((len(arm.difference.differences) for arm in found), default=0)
    columns = [f"{measure.title}: {measure.meaning}" for measure in measures_of(quantity, found)]
    columns.append(f"difference: end {quantity.noun} less that {UNTREATED}, paired over {plural(pairs, 'seed')} ({quantity.side})")
    said = "; ".join(columns)
    return (
        f"{said[0].upper()}{said[1:]}. "
        f'If none differed, "better" or "worse" would stand in the table with a chance of at most {100 * LEVEL:.0f} % (Holm).'
    )
