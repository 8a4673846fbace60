"""Everything that the report of a study says, in order, as plain text: the renderers only give it a form."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from reluctant.studies import LEVEL, UNTREATED, Compared, Study, by_hand, compared, duration, starting_level

from .._numbers import count, plural
from .._safe_text import safe, visible
from .._verdict import Verdict
from ._answer import answer, badge
from ._left_out import LeftOut, left_out, not_run
from ._number import number
from ._ranking import Ranking, ranked, ranking

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


def study_outline(study: Study, source: str = "") -> StudyOutline:
    """What the report of a study says; `source` is the file that it is saved in."""
    found = compared(study)
    noun = "treatment" if any(arm.group for arm in study.plan.arms) else "activation"
    colours = colours_of(found)
    script = program(study)
    seeds = plural(_seeds(study), "seed")
    steps = f", {plural(study.plan.steps, 'step')} each" if study.plan.steps is not None else ""
    missing = not_run(study)
    said = answer(study, found, noun)
    return StudyOutline(
        title=f"reluctant · {script} · {plural(len(study.plan.arms), noun)}, {seeds}{steps}",
        what=WHAT[noun],
        noun=noun,
        script=script,
        verdict=said,
        badge=badge(said, found),
        figures=tuple(_figures(study, found, noun)),
        notes=tuple(note for note in (_between(found), missing) if note),
        ranking=ranking(found, colours),
        reading=_reading(found),
        left_out=left_out(study, found),
        facts=tuple(_facts(study, found, noun)),
        commands=tuple((safe(arm.name), visible(by_hand(study.plan, arm))) for arm in study.plan.all_arms),
        as_page=visible(shlex.join(["reluctant", "report", source, "-o", str(PurePath(source).with_suffix(".html"))])) if source else "",
        found=found,
        colours=colours,
    )


def _figures(study: Study, found: Sequence[Compared], noun: str) -> Iterator[tuple[str, str]]:
    yield f"{noun}s", count(len(found) - 1)
    yield "seeds", count(_seeds(study))
    yield "steps of a trial", count(study.plan.steps) if study.plan.steps is not None else "all"
    yield "trials counted", f"{count(sum(arm.counted for arm in found))} of {count(len(study.results))}"
    best = next((arm for arm in ranked(found) if arm.end is not None), None)
    if best is not None and found[0].end is not None:
        yield f"end loss, {UNTREATED} → least", f"{number(found[0].end)} → {number(best.end)}"


def colours_of(found: Sequence[Compared]) -> dict[str, int]:
    """A colour for the best arms; the script as it stands has none."""
    best = [arm.arm for arm in ranked(found) if arm.counted and arm.arm != UNTREATED][:MOST_CURVES]
    return {name: index for index, name in enumerate(best, start=1)}


def program(study: Study) -> str:
    """The script with its arguments, as it is typed."""
    return visible(shlex.join([*["-m"] * study.plan.is_module, study.plan.script, *study.plan.arguments]))


def _between(found: Sequence[Compared]) -> str:
    better = sum(arm.answer == "better" for arm in found)
    return f"Each is compared with the script {UNTREATED}; the {better} were not compared with each other." if better > 1 else ""


def _seeds(study: Study) -> int:
    return max((len(study.of(arm.name)) for arm in study.plan.all_arms), default=0)


def _reading(found: Sequence[Compared]) -> str:
    """What the columns are, and how sure the last one is."""
    pairs = max((len(arm.difference.differences) for arm in found), default=0)
    return (
        "End loss: over the last tenth of the trial. Area: mean loss over all of it. Steps to: the loss at which the script as it stands "
        "ends. ms/step: with the watching and the exchanging, so longer than alone. Difference: end loss less that as it stands, "
        f"paired over {plural(pairs, 'seed')}; below 0 is better. "
        f'If none differed, "better" or "worse" would stand in the table with a chance of at most {100 * LEVEL:.0f} % (Holm).'
    )


def _facts(study: Study, found: Sequence[Compared], noun: str) -> Iterator[tuple[str, str]]:
    plan, results = study.plan, study.results
    compared_arms = sum(arm.counted > 0 for arm in found[1:])
    yield "script", program(study)
    yield "seeds", f"{_seeds(study)}: the script's own, each raised by 0 to {_seeds(study) - 1}" if _seeds(study) else ""
    yield "a trial", f"{plural(plan.steps, 'step')}" if plan.steps is not None else "the script from its beginning to its end"
    yield "longest trial", duration(plan.time_limit) if plan.time_limit is not None else ""
    counted = sum(result.counts for result in results)
    total = duration(sum(result.seconds for result in results))
    yield "trials", f"{len(results)} run, {counted} counted, {total} of running in all"
    halving = "after 2 seeds, and whenever their number has doubled, the worse half of what was tried against a finding"
    yield "stopped early", halving if plan.halving else ""
    yield "test", f"the paired t-test of the loss at the end, each trial against the script {UNTREATED} under the same seed"
    yield "level", f"{100 * LEVEL:.0f} % for the whole table, shared among {plural(compared_arms, noun)} by Holm's procedure"
    yield "intervals", "each at the level at which its own row was tested: it leaves out 0 where a difference is shown, and only there"
    worst = starting_level(result.losses for result in results if result.counts)
    yield "worst level", f"a loss above {number(worst)}, the level at which trials began, or none at all counts as that" if results else ""
