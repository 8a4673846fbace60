"""Findings about the measurement, apart from those about the network."""

from __future__ import annotations

from collections.abc import Iterable

from reluctant.recording import Finding

FAMILY = "RL9"
"""How the codes of the rules begin that judge the recording and not the network: what it did not see, or too little of."""

UNSEEN = "not-observed"
"""The rule that repeats the recording's own list of what it could not see; a report shows that list, whichever rules were chosen."""


def about_network(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that say something about the network, and all that are graver than advice."""
    return tuple(finding for finding in findings if not _is_about_measurement(finding))


def about_measurement(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that say what was not measured well enough to be judged: no fault, and no gain that is left."""
    return tuple(finding for finding in findings if _is_about_measurement(finding) and finding.name != UNSEEN)


def _is_about_measurement(finding: Finding) -> bool:
    return finding.severity == "advice" and finding.code.startswith(FAMILY)
