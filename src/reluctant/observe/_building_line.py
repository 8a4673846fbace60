"""Notes the line that built each module and each optimizer, as they are made."""

from __future__ import annotations

import functools
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

import torch

from reluctant.recording import Location

from ._call_stack import is_users, location_of
from ._guard import Guard


class BuildingLines:
    """Remembers where modules and optimizers were built, without keeping them alive or writing on them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.optimizers_built = 0
        # Keyed by identity: a user's module may compare by value or not be hashable.
        self._lines: dict[int, tuple[weakref.ref[Any], types.CodeType, int]] = {}
        self._restore: list[tuple[Any, Callable[..., None], Callable[..., None]]] = []

    def start(self) -> None:
        """Wrap the two constructors."""
        for owner in (torch.nn.Module, torch.optim.Optimizer):
            self._wrap(owner)

    def stop(self) -> None:
        """Put the constructors back, unless somebody else has replaced them meanwhile."""
        for owner, wrapper, original in self._restore:
            if owner.__dict__.get("__init__") is wrapper:
                owner.__init__ = original
        self._restore.clear()

    def of(self, built: object) -> Location | None:
        """The line that built it, where that was seen."""
        found = self._lines.get(id(built))
        return location_of(*found[1:]) if found is not None and found[0]() is built else None

    def modules(self) -> list[torch.nn.Module]:
        """The modules made so far that are still alive."""
        alive = (entry[0]() for entry in list(self._lines.values()))
        return [m for m in alive if isinstance(m, torch.nn.Module)]

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """The optimizers made so far that are still alive."""
        alive = (entry[0]() for entry in list(self._lines.values()))
        return [o for o in alive if isinstance(o, torch.optim.Optimizer)]

    def _note(self, built: Any) -> None:
        if not self._restore:  # somebody has wrapped our constructor, so that it is still called
            return
        self.optimizers_built += isinstance(built, torch.optim.Optimizer)
        found = _building_frame(built)
        if found is not None:
            key = id(built)
            self._lines[key] = (weakref.ref(built, lambda _: self._lines.pop(key, None)), *found)

    def _wrap(self, owner: Any) -> None:
        original: Callable[..., None] = owner.__dict__["__init__"]
        note = self._guard(self._note)

        @functools.wraps(original)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it takes the place of one
            original(self, *args, **kwargs)
            note(self)

        owner.__init__ = __init__
        self._restore.append((owner, __init__, original))


def _building_frame(built: object) -> tuple[types.CodeType, int] | None:
    """The innermost user's frame that is not a constructor of the object itself."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_users(code) and not _constructs(frame, built):
            return code, frame.f_lineno or 0
        frame = frame.f_back
    return None


def _constructs(frame: types.FrameType, built: object) -> bool:
    code = frame.f_code
    return code.co_name == "__init__" and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is built
