"""Everything that the report of a study says, in order, as plain text: the renderers only give it a form."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reluctant.numbers import count, interval, plural, result
from reluctant.studies import LEVEL, UNTREATED, Compared, Study, compared, trial_command

from .._safe_text import safe, visible
from .._verdict import Verdict
from ._answer import Quantity, answer, badge, claiming
from ._facts import LeftOut, facts, left_out, length, not_run, program, seeds_of

NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that is known of each arm."""

    title: str
    meaning: str
    of: Callable[[Compared], float | None]


def measures_of(quantity: Quantity, found: Sequence[Compared]) -> tuple[Measure, ...]:
    """The columns of the table between the name and the difference. A measure that no arm has is left out."""
    noun = quantity.noun
    measures = (
        Measure(f"end {quantity.short}", f"mean {noun} over the last tenth of the trial", lambda arm: arm.end),
        Measure("area", f"mean {noun} over all of it", lambda arm: arm.area),
        Measure("steps to", f"steps to the {noun} at which the script {UNTREATED} ends", lambda arm: arm.steps_to),
        Measure("kept MB", "millions of bytes that autograd keeps for one backward pass, without the parameters", _kept_megabytes),
        Measure("ms/step", "with the watching and the exchanging, so longer than alone", lambda arm: arm.step_ms),
    )
    return tuple(measure for measure in measures if any(measure.of(arm) is not None for arm in found))


def _kept_megabytes(arm: Compared) -> float | None:
    return None if arm.kept_bytes is None else arm.kept_bytes / 1e6


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm, every part as text that is safe to show."""

    name: str
    measured: tuple[str, ...]
    """In the order of the ranking's measures."""
    difference: str
    """Mean paired difference; empty for the script as it stands."""
    interval: str
    level: str
    """Of the interval, in percent; empty where there is none."""
    answer: str
    """What was shown; empty for the script as it stands."""
    counted: int
    colour: int
    """Of its curve; 0 is the script as it stands, and what has no curve."""
    drawn: bool
    """Whether it was drawn at random, to compare the others with."""

    @property
    def label(self) -> str:
        """The name with that mark, for tables of one line an arm."""
        return marked(self.name, self.drawn)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rows in their order, with what their numbers are."""

    measures: tuple[Measure, ...]
    rows: tuple[ArmRow, ...]


def ranking(found: Sequence[Compared], colours: dict[str, int], quantity: Quantity, drawn: Container[str] = ()) -> Ranking:
    """The arms by where they end, the best first; those without an end last. `drawn` names those that were drawn at random."""
    measures = measures_of(quantity, found)
    return Ranking(measures, tuple(_row(arm, measures, colours.get(arm.arm, 0), arm.arm in drawn) for arm in quantity.ranked(found)))


def _row(arm: Compared, measures: Sequence[Measure], colour: int, drawn: bool) -> ArmRow:
    measured = tuple(result(measure.of(arm)) for measure in measures)
    if arm.arm == UNTREATED or not arm.counted:
        return ArmRow(safe(arm.arm), measured, "", "", "", "" if arm.arm == UNTREATED else NOT_TRIED, arm.counted, colour, drawn)
    level = "" if arm.interval is None else f"{percent_of(arm.level)} %"
    difference = result(arm.difference.mean)
    return ArmRow(safe(arm.arm), measured, difference, interval(arm.interval), level, arm.answer, arm.counted, colour, drawn)


def marked(name: str, drawn: bool) -> str:
    """The name of an arm, and that it was drawn at random."""
    return f"{name} (random)" if drawn else name


def percent_of(level: float) -> str:
    """How sure an interval is that is tested at `level`: ``95``, ``99.2``."""
    return f"{100 * (1 - level):.3g}"


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
    verdict = answer(study, found, noun)
    return StudyOutline(
        title=f"reluctant · {script} · {plural(len(study.plan.arms), noun)}, {seeds}{f', {each} each' if each else ''}",
        what=WHAT[noun],
        noun=noun,
        quantity=quantity,
        script=script,
        verdict=verdict,
        badge=badge(verdict, claiming(study, found)),
        figures=tuple(_figures(study, found, noun, quantity)),
        notes=tuple(note for note in (_between(claiming(study, found)), _by_chance(found, drawn), missing) if note),
        ranking=ranking(found, colours, quantity, drawn),
        reading=_reading(found, quantity),
        left_out=left_out(study, found),
        facts=tuple(facts(study, found, noun, quantity)),
        commands=tuple((safe(arm.name), visible(trial_command(study.plan, arm))) for arm in study.plan.all_arms),
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
    meanings = "; ".join(columns)
    return (
        f"{meanings[0].upper()}{meanings[1:]}. "
        f'If none differed, "better" or "worse" would stand in the table with a chance of at most {100 * LEVEL:.0f} % (Holm).'
    )
