"""A saved document, judged again by the rules of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reluctant.configuration import configured
from reluctant.recording import Document, Finding, load
from reluctant.rules import all_rules, judge, select

from ._rule_options import not_chosen


def judged_again(path: str, selected: Sequence[str], ignored: Sequence[str]) -> Document:
    """The recording in `path` with what the rules now make of it.

    What trials found out about treatments and causes is kept for findings that are still there. Raises
    `RecordingError` where the file cannot be read, and `UnknownNameError` for a selector that fits no rule.
    """
    configuration = configured({"select": tuple(selected), "ignore": tuple(ignored)})
    rules = select(all_rules(), configuration.select, configuration.ignore)
    document = load(path)
    judgement = judge(document.recording, rules)
    not_judged = (*judgement.not_judged, *not_chosen(rules))
    return Document(document.recording, _with_verdicts(judgement.findings, document.findings), not_judged, document.baseline)


def _with_verdicts(findings: Sequence[Finding], saved: Sequence[Finding]) -> tuple[Finding, ...]:
    tried = {_identity(finding): finding for finding in saved if any(treatment.verdict != "not tried" for treatment in finding.treatments)}
    return tuple(
        replace(finding, treatments=before.treatments, cause=before.cause) if (before := tried.get(_identity(finding))) else finding
        for finding in findings
    )


def _identity(finding: Finding) -> tuple[str, str, int, str]:
    return finding.code, finding.file, finding.line, finding.layer
