"""Notes the line that built each module and each optimizer, as they are made."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from reluctant.recording import Location

from .frames import location_of, users_line
from .guard import Guard
from .patches import LEDGER, MODULE_INIT, OPTIMIZER_INIT, AppliedPatch, undo_all

Kind = TypeVar("Kind", torch.nn.Module, torch.optim.Optimizer)


class BuildingLines:
    """Remembers where modules and optimizers were built, without keeping them alive or writing on them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.optimizers_built = 0
        # Keyed by identity: a user's module may compare by value or not be hashable.
        self._lines: dict[int, tuple[weakref.ref[Any], types.CodeType, int]] = {}
        self._patches: list[AppliedPatch] = []

    def start(self) -> None:
        """Wrap the two constructors."""
        for patch in (MODULE_INIT, OPTIMIZER_INIT):  # one by one: a signal handler may raise in between
            self._patches.append(LEDGER.replace(patch, self._noting))

    def stop(self) -> None:
        """Put the constructors back."""
        undo_all(self._patches)

    def of(self, built: object) -> Location | None:
        """The line that built it, where that was seen."""
        found = self._lines.get(id(built))
        return location_of(*found[1:]) if found is not None and found[0]() is built else None

    def alive(self, kind: type[Kind]) -> list[Kind]:
        """The modules, or the optimizers, made so far that are still alive."""
        made = (entry[0]() for entry in list(self._lines.values()))
        return [one for one in made if isinstance(one, kind)]

    def _note(self, built: Any) -> None:
        self.optimizers_built += isinstance(built, torch.optim.Optimizer)
        found = users_line(lambda frame: not _constructs(frame, built))
        if found is not None:
            # `dict.pop(key, reference)` and not a function of ours: what a signal handler raises in such a callback is lost for good.
            self._lines[id(built)] = (weakref.ref(built, functools.partial(self._lines.pop, id(built))), *found)

    def _noting(self, applied: AppliedPatch) -> Callable[..., None]:
        note = self._guard(self._note)

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it takes the place of one
            if not applied.on:
                applied.retired()(self, *args, **kwargs)
                return
            applied.original(self, *args, **kwargs)
            note(self)

        return __init__


def _constructs(frame: types.FrameType, built: object) -> bool:
    """Whether a frame is a constructor of the object itself."""
    code = frame.f_code
    return code.co_name == "__init__" and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is built
