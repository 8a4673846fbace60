"""The treatments that a finding asks for, as arms of a study."""

from __future__ import annotations

import os

from reluctant.recording import Finding, Recording, Treatment
from reluctant.treatments import get

from ._study import Arm, Found


def arm_against(finding: Finding, treatment: Treatment, recording: Recording) -> Arm | None:
    """The arm that tries `treatment` against `finding`; None where it needs a line and there is none."""
    kind = get(treatment.name)
    name = str(treatment)
    if kind.needs_line or kind.at_the_line:
        lines = kind.lines_against(finding, recording)
        if not lines:
            return None
        same = os.path.abspath(finding.file) == os.path.abspath(recording.script)
        name += "".join(f"@{line}" if same else f"@{finding.file}:{line}" for line in lines)
    return Arm(name, (name,), Found(finding.code, finding.severity, finding.file, finding.line, finding.layer))
