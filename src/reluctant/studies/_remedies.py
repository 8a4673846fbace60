"""The treatments that a finding asks for, as arms of a study."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reluctant.recording import CauseKind, Finding, Treatment
from reluctant.treatments import get

from ._study import Arm

AT_THE_LINE = frozenset({"swap-activation"})
"""Treatments that could do without a line, and are tried where the finding is."""

REMOVES: Mapping[str, frozenset[CauseKind]] = {
    "insert-activation": frozenset({"missing-activation"}),
    "lower-learning-rate": frozenset({"learning-rate"}),
    "no-slope-decay": frozenset({"weight-decay"}),
    "reinitialise": frozenset({"initialisation", "bias-initialisation"}),
    "remove-output-activation": frozenset({"head-loss-mismatch", "target-range"}),
    "scale-input": frozenset({"input-scale"}),
    "swap-activation": frozenset({"activation-choice"}),
}
"""The causes that a treatment takes away; one that is not here may cure, but proves no cause."""


def arm_against(finding: Finding, treatment: Treatment, script: str) -> Arm | None:
    """The arm that tries `treatment` where `finding` is; None where it needs a line and the finding has none."""
    name = str(treatment)
    if get(treatment.name).needs_line or treatment.name in AT_THE_LINE:
        if not finding.line:
            return None
        same = os.path.abspath(finding.file) == os.path.abspath(script)
        name += f"@{finding.line}" if same else f"@{finding.file}:{finding.line}"
    return Arm(name, (name,), group=f"{finding.code} {finding.file}:{finding.line}")
