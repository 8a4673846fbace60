"""Treats a script: its check-up, the treatments of its root findings tried, and what the trials say of treatments, causes and cures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reluctant.errors import ReluctantError
from reluctant.recording import Document, Finding, ProposedTreatment, Recording, TrialVerdict, loads
from reluctant.rules import all_rules
from reluctant.treatments import RequestedTreatment, get, propose_more

from ._arms import arm_against, drawn_arms, proposed_arms, request_against, roots
from ._compared import Compared, compared
from ._conduct import Conduct
from ._job import job, result_of, trial_command
from ._source_change import source_change
from ._study import UNTREATED, Arm, Plan, PlannedTrial, Study
from ._verdict import judged

BEST_FIRST: tuple[TrialVerdict, ...] = ("verified", "better", "no difference shown", "inconclusive", "worse", "not tried")


@dataclass(frozen=True, slots=True)
class TreatedScript:
    """A script's document with the verdicts filled in, and the trials that they rest on."""

    document: Document
    study: Study


@dataclass(frozen=True, slots=True)
class Change:
    """What to change for good, at the places of all root findings that it cures; or that nothing was verified for one."""

    places: tuple[str, ...]
    finding: Finding
    """The first of them."""
    treatment: ProposedTreatment | None = None
    """The cure; None where no treatment was verified."""
    command: str = ""
    """The command that tries it."""
    difference: str = ""
    """The change in the source as a unified difference; empty where the source is not plain enough to edit."""


def treat_script(plan: Plan, conduct: Conduct, random: int | Literal["equal"] = 1) -> TreatedScript:
    """Give the script its check-up, and try what removes the causes of its root findings.

    Where a finding is not cured by that, what else could help is tried: the cause may have been judged wrongly. So many treatments as
    `random` says are drawn blindly and tried beside them; ``equal``: as many as are proposed.

    Raises `ReluctantError` where the script as it stands gives nothing to treat.
    """
    document, study = _check_up(plan, conduct)
    arms = proposed_arms(document)
    if not arms:
        return TreatedScript(document, study)
    arms += drawn_arms(len(arms) if random == "equal" else random, arms, document.recording)
    plan = replace(plan, arms=arms)
    study = conduct.begun(plan, arms_join=True) if conduct.resume else Study(plan, study.results)
    study = conduct.carried_out(study, "Treating")
    document = with_verdicts(document, study)
    wider = propose_more(document, [finding for finding in roots(document) if cure(finding) is None])
    tried = {arm.name for arm in study.plan.arms}
    more = tuple(arm for arm in proposed_arms(wider) if arm.name not in tried)
    if not more:
        return TreatedScript(document, study)
    if random == "equal":
        more += drawn_arms(len(more), (*study.plan.arms, *more), document.recording)
    study = Study(replace(study.plan, arms=(*study.plan.arms, *more)), study.results)
    study = conduct.carried_out(study, "Trying what else there is")
    return TreatedScript(with_verdicts(wider, study), study)


def _check_up(plan: Plan, conduct: Conduct) -> tuple[Document, Study]:
    """The untreated script under its own seeds: its document, and the study that holds it as the first trial."""
    first = job(plan, PlannedTrial(UNTREATED, 0))
    (ended,) = conduct.executor.run([first])
    result = result_of(ended, plan.by)
    # A script that fails after some steps can be treated: an error is how many answer a loss that is not a number.
    ran = result.counts or (result.ending == "ended" and bool(ended.recording))
    document = loads(ended.recording) if ran else None
    if document is None or (not result.counts and roots(document)):
        advice = "Run it once with `reluctant run` to see why"
        raise ReluctantError(f"as it stands it gives nothing to treat: {result.why_not}", where=plan.script, advice=advice)
    return document, Study(plan, (result,))


def with_verdicts(document: Document, study: Study) -> Document:
    """The document with what the study showed of each root finding's treatments, of the causes, and of what was drawn at random."""
    tried = {id(finding) for finding in roots(document)}
    by_arm = {found.arm: found for found in compared(study)}
    findings = (
        _with_verdicts(finding, document.recording, study, by_arm) if id(finding) in tried else finding for finding in document.findings
    )
    baseline = (_drawn(arm, document, study, by_arm[arm.name]) for arm in study.plan.arms if arm.drawn)
    return replace(document, findings=tuple(findings), baseline=tuple(baseline))


def cure(finding: Finding) -> ProposedTreatment | None:
    """The verified treatment that lowers the loss most; of equals, the first."""
    verified = [treatment for treatment in finding.treatments if treatment.verdict == "verified"]
    return min(verified, key=_difference, default=None)


def changes(treated: TreatedScript) -> tuple[Change, ...]:
    """What cures each root finding, each cure once with the places of all findings that it cures."""
    document, study = treated.document, treated.study
    by_cure: dict[tuple[str, ...], Change] = {}
    for finding in roots(document):
        place = f"{Path(finding.file).name}:{finding.line}" if finding.line else Path(finding.file or study.plan.script).name
        change = _change(finding, document.recording, study)
        key = (str(change.treatment), change.command, change.difference, "" if change.treatment else finding.code)
        places = by_cure[key].places if key in by_cure else ()
        by_cure[key] = replace(by_cure.get(key, change), places=tuple(dict.fromkeys((*places, place))))
    return tuple(by_cure.values())


def patch(treated: TreatedScript) -> str:
    """The changes that cure the root findings, each once, as ``git apply`` takes them; empty where none is plain enough to make."""
    return "".join(dict.fromkeys(change.difference for change in changes(treated) if change.difference))


def _change(finding: Finding, recording: Recording, study: Study) -> Change:
    found = cure(finding)
    arm = arm_against(finding, found, recording) if found is not None else None
    if found is None or arm is None:
        return Change((), finding)
    return Change((), finding, found, trial_command(study.plan, arm), source_change(finding, found, recording))


def _with_verdicts(finding: Finding, recording: Recording, study: Study, by_arm: Mapping[str, Compared]) -> Finding:
    treatments = tuple(_tried(treatment, finding, recording, study, by_arm) for treatment in finding.treatments)
    removed = {kind for treatment in treatments if treatment.verdict == "verified" for kind in get(treatment.name).removes}
    cause = finding.cause
    if cause is not None and cause.kind in removed:
        cause = replace(cause, verified=True)
    return replace(finding, treatments=treatments, cause=cause)


def _tried(
    treatment: ProposedTreatment, finding: Finding, recording: Recording, study: Study, by_arm: Mapping[str, Compared]
) -> ProposedTreatment:
    request = request_against(finding, treatment, recording)
    if request is None:
        return treatment
    at_lines = replace(treatment, lines=tuple(map(str, request.lines)))
    return judged(at_lines, finding, by_arm[str(request)], study, *_loss_of(finding))


def _drawn(arm: Arm, document: Document, study: Study, found: Compared) -> ProposedTreatment:
    """A treatment that was drawn, with the best verdict that it has against any root finding."""
    (text,) = arm.treatments
    request = RequestedTreatment.parsed(text)
    treatment = ProposedTreatment(request.name, request.arguments, lines=tuple(map(str, request.lines)))
    verdicts = [judged(treatment, finding, found, study, *_loss_of(finding)) for finding in roots(document)]
    return min(verdicts, key=lambda judged: BEST_FIRST.index(judged.verdict), default=treatment)


def _loss_of(finding: Finding) -> tuple[bool, bool]:
    """Whether the finding's harm shows in the loss, and whether that is the same loss without it."""
    return next(((rule.harms_loss, rule.same_loss) for rule in all_rules() if rule.code == finding.code), (True, True))


def _difference(treatment: ProposedTreatment) -> float:
    comparison = treatment.comparison
    if comparison is None or comparison.difference is None:
        return math.inf
    return comparison.difference if comparison.goal == "min" else -comparison.difference
