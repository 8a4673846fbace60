"""What to try against a finding: one treatment a file, found by discovery, applied from outside to an unmodified script."""

from ._catalogue import all_treatments, get, wanted
from ._propose import propose, propose_more
from ._remedy import Remedy
from ._request import Line, Request, at_place
from ._scene import RECURRENT, Call, Caller, Scene
from ._source import Edit, Source

__all__ = [
    "RECURRENT", "Call", "Caller", "Edit", "Line", "Remedy", "Request", "Scene", "Source",
    "all_treatments", "at_place", "get", "propose", "propose_more", "wanted",
]  # fmt: skip
