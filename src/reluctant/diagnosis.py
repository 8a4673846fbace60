"""From a recording to its document: what the rules find, and what the treatments propose against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .recording import Document, Finding, Recording
from .rules import Rule, all_rules, judge
from .treatments import propose


def document_of(recording: Recording, chosen: Sequence[Rule]) -> Document:
    """The recording with what the chosen rules make of it, and what to try against that.

    The other rules are not judged, so that nobody takes them for clear.
    """
    judgement = judge(recording, chosen)
    codes = {rule.code for rule in chosen}
    left_out = (rule.not_judged("left out by --select or --ignore, or by the settings") for rule in all_rules() if rule.code not in codes)
    return propose(Document(recording, judgement.findings, (*judgement.not_judged, *left_out)))


def judged_again(document: Document, chosen: Sequence[Rule]) -> Document:
    """A saved document as the rules judge it now; what trials showed of treatments and causes is kept for findings that are still there."""
    tried = {_identity(finding): finding for finding in document.findings if any(one.verdict != "not tried" for one in finding.treatments)}
    now = document_of(document.recording, chosen)
    findings = (
        replace(finding, treatments=before.treatments, cause=before.cause) if (before := tried.get(_identity(finding))) else finding
        for finding in now.findings
    )
    return replace(now, findings=tuple(findings), baseline=document.baseline)


def _identity(finding: Finding) -> tuple[str, str, int, str]:
    return finding.code, finding.file, finding.line, finding.layer
