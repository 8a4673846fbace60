"""What to try against a finding: one treatment a file, found by discovery, applied from outside to an unmodified script."""

from ._catalogue import all_treatments, get, requested
from ._propose import propose, propose_more
from ._requested_treatment import RequestedLine, RequestedTreatment, at_place, requested_line
from ._running_script import RECURRENT, Call, Caller, Interception, RunningScript, Whereabouts
from ._source import Edit, Source
from ._treatment import Treatment

__all__ = [
    "RECURRENT", "Call", "Caller", "Edit", "Interception", "RequestedLine", "RequestedTreatment", "RunningScript", "Source",
    "Treatment", "Whereabouts", "all_treatments", "at_place", "get", "propose", "propose_more", "requested", "requested_line",
]  # fmt: skip
