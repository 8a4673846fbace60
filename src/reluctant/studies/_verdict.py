"""What a study showed of a treatment against a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reluctant.recording import Comparison, Finding, ProposedTreatment, TrialVerdict

from ._compared import Compared
from ._losses import mean_curve, starting_level
from ._paired import FEWEST_PAIRS, LEVEL, paired
from ._study import UNTREATED, Found, Result, Study, has, is_free

ERRORS = "share of wrong classes"
"""What is compared where the loss means something else without the finding."""


def judged(
    treatment: ProposedTreatment, finding: Finding, compared: Compared, study: Study, harms_loss: bool, same_loss: bool = True
) -> ProposedTreatment:
    """The treatment with its verdict against the finding, and the comparison that it rests on.

    inconclusive: the untreated script showed the finding on fewer than half of the seeds, so there was nothing to cure. verified: the
    finding is gone on every seed, it was there without the treatment on at least three, and the loss is better; where `harms_loss` is
    False, not worse. `compared` is what the study showed of the treatment's arm. What is tried at lines is judged by the finding at its
    own line, what is tried on the whole network by the finding anywhere. Where the loss is not the `same_loss` without the finding, the
    share of classes guessed wrongly is compared in its place, and nothing is shown where there are no classes.
    """
    tried = study.of(compared.arm)
    treated = {seed: result for seed, result in tried.items() if result.counts}
    untreated = {seed: result for seed, result in study.of(UNTREATED).items() if result.counts}
    pairs = tuple((untreated[seed], treated[seed]) for seed in sorted(treated.keys() & untreated.keys()))
    if not pairs:
        return replace(treatment, trials=len(tried), comparison=Comparison(0, note=_sentence(compared.note)) if tried else None)
    everywhere = any(arm.is_everywhere for arm in study.plan.arms if arm.name == compared.arm)
    against = _Against(
        pairs,
        shown=tuple(has(before, finding, everywhere) for before, _ in pairs),
        free=tuple(is_free(after, finding, everywhere) for _, after in pairs),
    )
    by: str = study.plan.by
    if not same_loss and by != "metric":
        compared, by = _by_errors(compared, pairs), ERRORS
    verdict = _verdict(compared, against, harms_loss)
    return replace(treatment, verdict=verdict, trials=len(tried), comparison=_comparison(compared, against, verdict, by))


def _by_errors(compared: Compared, pairs: Sequence[tuple[Result, Result]]) -> Compared:
    """The comparison of the wrong classes in the place of that of losses; an arm that was stopped early still shows nothing."""
    ends = [(before.errors.end, after.errors.end) for before, after in pairs if before.errors.losses and after.errors.losses]
    difference = paired([after for _, after in ends], [before for before, _ in ends], ceiling=1.0)
    answer = "no difference shown" if compared.stopped_early else difference.answer(compared.level)
    why = "The loss means something else with it, so the share of classes that were guessed wrongly in training is compared"
    note = f"{compared.note}. {why}" if compared.note else why
    return replace(compared, difference=difference, answer=answer, interval=difference.interval(compared.level), note=note)


@dataclass(frozen=True, slots=True)
class _Against:
    """Pairs of untreated and treated trials, and a finding in them."""

    pairs: tuple[tuple[Result, Result], ...]
    shown: tuple[bool, ...]
    """For each pair, whether the untreated trial has the finding."""
    free: tuple[bool, ...]
    """For each pair, whether the treated one is free of it."""


def _verdict(compared: Compared, against: _Against, harms_loss: bool) -> TrialVerdict:
    shown = sum(against.shown)
    if 2 * shown < len(against.pairs):
        return "inconclusive"
    not_worse = compared.answer == "no difference shown" and not compared.stopped_early
    enough = compared.answer == "better" or (not_worse and not harms_loss)
    if enough and shown >= FEWEST_PAIRS and all(against.free):
        return "verified"
    return compared.answer


def _comparison(compared: Compared, against: _Against, verdict: TrialVerdict, by: str) -> Comparison:
    errors = by == ERRORS
    before, after = ([pair[side].errors if errors else pair[side].losses for pair in against.pairs] for side in (0, 1))
    ceiling = 1.0 if errors else starting_level((*before, *after))
    low, high = compared.difference.interval(LEVEL) or (None, None)
    return Comparison(
        seeds=len(against.pairs),
        difference=compared.difference.mean,
        by=by,
        goal=compared.difference.goal,
        low=low,
        high=high,
        finding_gone=sum(shown and free for shown, free in zip(against.shown, against.free, strict=True)),
        untreated=mean_curve(before, ceiling, compared.difference.goal),
        treated=mean_curve(after, ceiling, compared.difference.goal),
        note=_note(compared, against, verdict),
    )


def _note(compared: Compared, against: _Against, verdict: TrialVerdict) -> str:
    parts = [_sentence(compared.note)]
    if verdict == "inconclusive":
        parts.append(f"Without the treatment the finding was there on {sum(against.shown)} of {len(against.pairs)} seeds only.")
    if compared.difference.answer(LEVEL) != compared.answer and not compared.note:
        parts.append("Among so many treatments a difference like this comes by chance too easily to be shown.")
    if new := _new_findings(against.pairs):
        parts.append(f"New with it: {', '.join(f'{found.code} at line {found.line}' for found in new)}.")
    return " ".join(filter(None, parts))


def _new_findings(pairs: Sequence[tuple[Result, Result]]) -> list[Found]:
    """Errors and warnings that more than half of the treated trials have and the untreated ones under the same seeds have not."""
    counts: dict[tuple[str, str, int], list[Found]] = {}
    for before, after in pairs:
        present = {_place(found) for found in before.findings}
        grave = {_place(found): found for found in after.findings if found.severity in ("error", "warning")}
        for place, found in grave.items():
            if place not in present:
                counts.setdefault(place, []).append(found)
    return [found[0] for found in counts.values() if 2 * len(found) > len(pairs)]


def _place(found: Found) -> tuple[str, str, int]:
    return found.code, found.file, found.line


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
