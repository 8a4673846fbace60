"""Which treatments are worth trying against a finding: each says of itself what it removes, and nobody else does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from reluctant.recording import CAUSES, CauseKind, Document, Finding, ProposedTreatment, Recording

from ._catalogue import all_treatments
from ._treatment import Treatment


def propose(document: Document) -> Document:
    """The document with what removes the cause of each finding as its treatments, those to try first in front."""
    return replace(document, findings=tuple(_proposed(finding, document.recording) for finding in document.findings))


def propose_more(document: Document, uncured: Collection[Finding]) -> Document:
    """The document with all that could help against the `uncured` ones among its findings, behind what they have.

    A cause that is inferred may have been judged wrongly: then what removes any other such cause is worth trying, and what takes no cause
    away but eases such findings. A cause that stands in the graph or in arguments is certain, and nothing is added.
    """
    findings = (_widened(finding, document.recording) if finding in uncured else finding for finding in document.findings)
    return replace(document, findings=tuple(findings))


def _proposed(finding: Finding, recording: Recording) -> Finding:
    kinds = (finding.cause.kind,) if finding.cause is not None else ()
    return replace(finding, treatments=_against(finding, kinds, recording))


def _widened(finding: Finding, recording: Recording) -> Finding:
    if finding.cause is None or not CAUSES[finding.cause.kind].is_inferred:
        return finding
    inferred = [kind for kind, cause in CAUSES.items() if cause.is_inferred]
    eased = (ProposedTreatment(kind.treatment_name(), arguments) for kind in _in_order() for arguments in kind.eases.get(finding.name, ()))
    offers = (*_against(finding, inferred, recording), *eased)
    present = set(map(str, finding.treatments))
    return replace(finding, treatments=(*finding.treatments, *(offer for offer in offers if str(offer) not in present)))


def _against(finding: Finding, kinds: Iterable[CauseKind], recording: Recording) -> tuple[ProposedTreatment, ...]:
    """What removes causes of these kinds, each once, in the order of the treatments."""
    kinds = tuple(kinds)
    offers = (
        ProposedTreatment(treatment.treatment_name(), arguments)
        for treatment in _in_order()
        for kind in kinds
        for arguments in treatment.arguments_against(finding, kind, recording)
    )
    return tuple(dict.fromkeys(offers))


def _in_order() -> list[type[Treatment]]:
    return sorted(all_treatments().values(), key=lambda kind: (kind.order, kind.treatment_name()))
