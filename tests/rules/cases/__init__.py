"""Hand-written recordings for each rule, on both sides of each threshold.

``cases/NAME.py`` belongs to ``reluctant/rules/NAME.py`` and holds `CASES`; the tests find it by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.recording import Recording, Severity


@dataclass(frozen=True)
class Case:
    """A recording and what the rule must say about it."""

    name: str
    recording: Recording
    severity: Severity | None = None
    """Of the first finding; None where the rule must find nothing."""
    cause: str = ""
    """Kind of the first finding's cause, where the case is about it."""
    line: int = 0
    """Line of the first finding, where the case is about it."""
    not_judged: bool = False
    """Whether the rule must say that it could not judge."""
