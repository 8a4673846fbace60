"""Where a call stands in the user's code: the line to edit, and the lines by which it may be named."""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable
from typing import Any

import torch

from reluctant.instrument import torch_private
from reluctant.instrument.building_lines import BuildingLines
from reluctant.instrument.frames import is_users, location_of, outward
from reluctant.recording import Location
from reluctant.treatments import Caller

_CONTAINERS = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict)
_MODULES = os.path.join(os.path.dirname(torch.nn.__file__), "modules")
_CALL_IMPL: Any = getattr(torch_private.CALL_IMPL.get(), "__code__", None)


def places_of_call(lines: BuildingLines) -> tuple[tuple[Location, ...], Hashable]:
    """Where the running call stands, and what tells it from others there.

    The line to edit first, then the other line by which the running call may be named; empty outside the user's code.

    An activation that a container calls is edited where it was built; one that the user's code calls, where it is called.
    """
    module: torch.nn.Module | None = None
    contained = False
    for frame in outward(sys._getframe(1)):
        if is_users(frame.f_code):
            break
        if frame.f_code.co_filename.startswith(_MODULES) and isinstance(owner := frame.f_locals.get("self"), torch.nn.Module):
            contained |= module is not None and owner is not module
            module = module if module is not None else owner
    else:
        frame = None
    called = location_of(frame.f_code, frame.f_lineno) if frame is not None else None
    built = lines.of(module) if module is not None and not isinstance(module, _CONTAINERS) else None
    ordered = (built, called) if contained else (called, built)
    instruction = (frame.f_code, frame.f_lasti) if frame is not None else None
    return tuple(place for place in ordered if place is not None), (instruction, id(module))


def caller() -> Caller:
    """What makes the running call, as it is told again from pass to pass."""
    modules: list[torch.nn.Module] = []
    instruction: Hashable = None
    is_inside = False
    for frame in outward(sys._getframe(1)):
        if frame.f_code is _CALL_IMPL:
            module = frame.f_locals.get("self")
            if isinstance(module, torch.nn.Module):
                modules.append(module)
                is_inside |= instruction is not None
        elif instruction is None and is_users(frame.f_code):
            instruction = (frame.f_code, frame.f_lasti)
    # A whole network is called at one line in training and at another one in evaluation.
    return Caller(None if modules and not is_inside else instruction, tuple(modules))
