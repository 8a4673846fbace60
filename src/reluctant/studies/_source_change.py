"""The change that a treatment stands for, made in a script's source where the call is plain enough to edit.

It is only ever shown or written as a difference: the script itself is never changed.
"""

from __future__ import annotations

import difflib
import os

from reluctant.errors import ReluctantError
from reluctant.recording import Finding, ProposedTreatment, Recording
from reluctant.treatments import Source, requested


def source_change(finding: Finding, treatment: ProposedTreatment, recording: Recording) -> str:
    """The change as a unified difference, as ``git apply`` takes it; empty where the source is not plain enough to edit."""
    try:
        requested_treatment = requested(f"{treatment}@{finding.line}" if finding.line else str(treatment))
        places = requested_treatment.places_to_edit(finding, recording)
        files = {place.file for place in places}
        if len(files) != 1:
            return ""
        (file,) = files
        source = Source.read(file)
        edits = [list(requested_treatment.edits(source, place.line)) for place in places]
    except (OSError, ValueError, SyntaxError, ReluctantError):  # gone or changed since, or no torch function says it: then words must do
        return ""
    if any(len(found) != 1 for found in edits):
        return ""
    name = os.path.relpath(file).replace(os.sep, "/")
    before, after = source.text.splitlines(keepends=True), source.edited([found[0] for found in edits]).splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, fromfile=f"a/{name}", tofile=f"b/{name}"))
