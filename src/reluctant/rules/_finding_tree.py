"""Findings as roots with what follows from them, and those that judge the network apart from those about the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reluctant.recording import Finding, Root, Severity

GRAVITY: dict[Severity, int] = {"error": 0, "warning": 1, "advice": 2}
"""Gravest first."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A finding that follows from no other, with all that follow from it, near ones first."""

    root: Finding
    followers: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity:
        """The gravest severity in it: a root is as grave as what it leads to."""
        return min((finding.severity for finding in (self.root, *self.followers)), key=GRAVITY.__getitem__)


def finding_tree(findings: Sequence[Finding]) -> tuple[Branch, ...]:
    """Every finding once, as a root or beneath its root; the gravest branches first, otherwise in the given order.

    A finding whose root is not among the findings is a root itself, and so is one of a circle.
    """
    children: dict[int, list[int]] = {}
    parents = _parents(findings)
    for index, parent in enumerate(parents):
        if parent is not None:
            children.setdefault(parent, []).append(index)
    placed: set[int] = set()
    branches = []
    for index in [*(index for index, parent in enumerate(parents) if parent is None), *range(len(findings))]:
        if index not in placed:
            below = _descendants(index, children, placed)
            branches.append(Branch(findings[index], tuple(findings[follower] for follower in below)))
    return tuple(sorted(branches, key=lambda branch: GRAVITY[branch.severity]))


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The gravest severity among the findings; None where there are none."""
    return min((finding.severity for finding in findings), key=GRAVITY.__getitem__, default=None)


def _parents(findings: Sequence[Finding]) -> list[int | None]:
    """For each finding the index of the one that it names as its root; the first, where several are at that place."""
    by_place: dict[Root, list[int]] = {}
    for index, finding in enumerate(findings):
        by_place.setdefault(Root(finding.code, finding.file, finding.line), []).append(index)
    return [
        next((other for other in by_place.get(finding.because_of, ()) if other != index), None) if finding.because_of else None
        for index, finding in enumerate(findings)
    ]


def _descendants(start: int, children: dict[int, list[int]], placed: set[int]) -> list[int]:
    """All that follow from `start`, nearest first; marks them, and it, as placed."""
    placed.add(start)
    found: list[int] = []
    level = [start]
    while level:
        level = [child for index in level for child in children.get(index, []) if child not in placed]
        level = list(dict.fromkeys(level))
        placed.update(level)
        found += level
    return found


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
