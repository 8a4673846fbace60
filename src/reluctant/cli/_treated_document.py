"""What a study of treatments makes of the document of a check-up."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from reluctant.recording import Document, Finding, ProposedTreatment, Recording, TrialVerdict
from reluctant.report import finding_tree
from reluctant.rules import all_rules
from reluctant.studies import Arm, Compared, Study, arm_against, compared, judged
from reluctant.treatments import RequestedTreatment, get

BEST_FIRST: tuple[TrialVerdict, ...] = ("verified", "better", "no difference shown", "inconclusive", "worse", "not tried")


def roots(document: Document) -> list[Finding]:
    """The errors and warnings that follow from no other one and that something can be tried against.

    What follows from advice is such a root, the nearest of it: advice alone is no reason to treat.
    """
    grave = (
        [finding for finding in (branch.root, *branch.followers) if finding.severity != "advice"]
        for branch in finding_tree(document.findings)
    )
    return [found[0] for found in grave if found and found[0].treatments]


def arms_for(document: Document) -> tuple[Arm, ...]:
    """The arms that try the treatments of the root findings, each once, in the order of the findings and of their rules."""
    arms = [arm_against(finding, treatment, document.recording) for finding in roots(document) for treatment in finding.treatments]
    by_name: dict[str, Arm] = {}
    for arm in arms:
        if arm is not None:
            by_name.setdefault(arm.name, arm)
    return tuple(by_name.values())


def with_verdicts(document: Document, study: Study) -> Document:
    """The document with what the study showed of each root finding's treatments, of the causes, and of what was drawn at random."""
    tried = {id(finding) for finding in roots(document)}
    by_arm = {found.arm: found for found in compared(study)}
    treated = (
        _with_verdicts(finding, document.recording, study, by_arm) if id(finding) in tried else finding for finding in document.findings
    )
    baseline = (_drawn(arm, document, study, by_arm[arm.name]) for arm in study.plan.arms if arm.drawn)
    return dataclasses.replace(document, findings=tuple(treated), baseline=tuple(baseline))


def cure(finding: Finding) -> ProposedTreatment | None:
    """The verified treatment that lowers the loss most; of equals, the first."""
    verified = [treatment for treatment in finding.treatments if treatment.verdict == "verified"]
    return min(verified, key=_difference, default=None)


def _with_verdicts(finding: Finding, recording: Recording, study: Study, by_arm: Mapping[str, Compared]) -> Finding:
    treatments = []
    for treatment in finding.treatments:
        arm = arm_against(finding, treatment, recording)
        if arm is not None:
            at_lines = dataclasses.replace(treatment, lines=tuple(map(str, RequestedTreatment.parsed(arm.name).lines)))
            treatment = judged(at_lines, finding, by_arm[arm.name], study, *_loss_of(finding))
        treatments.append(treatment)
    found = dataclasses.replace(finding, treatments=tuple(treatments))
    removed = {kind for treatment in treatments if treatment.verdict == "verified" for kind in get(treatment.name).removes}
    if finding.cause is not None and finding.cause.kind in removed:
        found = dataclasses.replace(found, cause=dataclasses.replace(finding.cause, verified=True))
    return found


def _drawn(arm: Arm, document: Document, study: Study, found: Compared) -> ProposedTreatment:
    """A treatment that was drawn, with the best verdict that it has against any root finding."""
    request = RequestedTreatment.parsed(arm.name)
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
