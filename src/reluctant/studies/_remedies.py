"""The treatments that a finding asks for, as arms of a study."""

from __future__ import annotations

import os

from reluctant.recording import Finding, Location, Recording, Treatment
from reluctant.treatments import get

from ._study import Arm


def arm_against(finding: Finding, treatment: Treatment, recording: Recording) -> Arm | None:
    """The arm that tries `treatment` against `finding`; None where it needs a line and there is none."""
    name = str(treatment)
    if is_at_lines(treatment):
        lines = lines_for(finding, treatment, recording)
        if not lines:
            return None
        same = os.path.abspath(finding.file) == os.path.abspath(recording.script)
        name += "".join(f"@{line}" if same else f"@{finding.file}:{line}" for line in lines)
    return Arm(name, (name,), group=f"{finding.code} {finding.file}:{finding.line}")


def is_at_lines(treatment: Treatment) -> bool:
    """Whether it is tried at lines, and not wherever it makes sense."""
    kind = get(treatment.name)
    return kind.needs_line or kind.at_the_line


def lines_for(finding: Finding, treatment: Treatment, recording: Recording) -> tuple[int, ...]:
    """The lines of the finding's file that the treatment belongs at: the finding's own, or those of all layers that it is about.

    A network without an activation needs one after each layer but the last, and a gradient that fades over many layers is not
    mended at one of them.
    """
    names = finding.evidence.get("layers", ())
    found: list[Location | None] = []
    if treatment.name == "insert-activation":
        found = [layer.place for layer in recording.layers if layer.name in names[:-1]]
    elif treatment.name == "swap-activation":
        found = [site.place for site in recording.sites if site.after in names and site.role == "hidden"]
    lines = {place.line for place in found if place is not None and place.file == finding.file and place.line}
    return tuple(sorted(lines)) or ((finding.line,) if finding.line else ())
