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

    @property
    def about(self) -> str:
        """What tells it from another one of the rule at the line."""


def has(result: Result, finding: AtLine, everywhere: bool) -> bool:
    """Whether the trial has the finding as an error or a warning; `everywhere` counts it at any line.

    What is done to the whole network must help all of it: under another seed it may be another layer that dies. Where only advice is left,
    such as units that lie idle in a network that has learned its task, the fault is gone.
    """
    grave = (found for found in result.findings if found.severity != "advice")
    alike = (found for found in grave if (found.code, found.about) == (finding.code, finding.about))
    return any(everywhere or (found.file, found.line) == (finding.file, finding.line) for found in alike)


def is_free(result: Result, finding: AtLine, everywhere: bool) -> bool:
    """Whether the finding was looked for to the end of the trial and not found."""
    return result.ending == "ended" and finding.code not in result.not_judged and not has(result, finding, everywhere)
