"""Whether a finding came in a trial."""

from __future__ import annotations

from typing import Protocol

from ._study import Result


class AtLine(Protocol):
    """What tells one finding from another: `reluctant.recording.Finding`, or what a study keeps of it."""

    @property
    def code(self) -> str:
        """The rule's code."""

    @property
    def file(self) -> str:
        """The file that it is in."""

    @property
    def line(self) -> int:
        """The line; 0 where it has none."""


def has(result: Result, finding: AtLine) -> bool:
    """Whether the trial has the finding."""
    return any((found.code, found.file, found.line) == (finding.code, finding.file, finding.line) for found in result.findings)


def is_free(result: Result, finding: AtLine) -> bool:
    """Whether the finding was looked for to the end of the trial and not found."""
    return result.ending == "ended" and finding.code not in result.not_judged and not has(result, finding)
