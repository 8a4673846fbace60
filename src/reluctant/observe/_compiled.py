"""Runs compiled models eagerly in the passes that are measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from reluctant.instrument.guard import Guard
from reluctant.instrument.patches import COMPILE, EAGER, LEDGER, AppliedPatch
from reluctant.recording import Unobserved


class _Eager:
    """The stance in which compiled code runs eagerly, taken once for all who want it: torch puts stances back in one order only."""

    def __init__(self) -> None:
        self._wanted_by: list[object] = []
        self._applied: AppliedPatch | None = None

    def want(self, somebody: object) -> None:
        """Take the stance."""
        if not self._wanted_by:
            # It holds from the call on, before anything is entered (torch 2.13).
            self._applied = LEDGER.switch(
                EAGER, lambda: torch.compiler.set_stance("force_eager"), lambda stance: stance.__exit__(None, None, None)
            )
        if somebody not in self._wanted_by:
            self._wanted_by.append(somebody)

    def release(self, somebody: object) -> None:
        """Leave it, if nobody else wants it."""
        if somebody in self._wanted_by:
            self._wanted_by.remove(somebody)
            if not self._wanted_by and self._applied is not None:
                self._applied.undo()


class CompiledModels:
    """Switches torch.compile to eager for a measured pass and back. Does nothing while nothing is compiled.

    That torch's compiler was imported says nothing (an optimizer imports it), so the call of torch.compile is noticed.
    """

    _eager = _Eager()

    def __init__(self, leave_compiled: bool, guard: Guard, due: Callable[[], bool]) -> None:
        self._leave, self._guard, self._due = leave_compiled, guard, due
        self._applied: AppliedPatch | None = None
        self.used = False

    def start(self) -> None:
        """Notice models being compiled."""
        note = self._guard(self._note)

        def make(applied: AppliedPatch) -> Callable[..., Any]:
            def compile(*args: Any, **kwargs: Any) -> Any:
                if not applied.on:
                    return applied.retired()(*args, **kwargs)
                made = applied.original(*args, **kwargs)
                note()
                return made

            return compile

        self._applied = LEDGER.replace(COMPILE, make)

    def _note(self) -> None:
        self.used = True
        self.measure(self._due())

    def measure(self, eager: bool) -> None:
        """Let compiled code run eagerly from now on, or compiled again."""
        if not self.used or self._leave:
            return
        if eager:
            self._eager.want(self)
        else:
            self._eager.release(self)

    @property
    def avoidable(self) -> bool:
        """Whether a pass through compiled code could have been run eagerly instead."""
        return self.used and not self._leave

    def stop(self) -> None:
        """Let compiled code run compiled again, and put torch.compile back."""
        self._eager.release(self)
        if self._applied is not None:
            self._applied.undo()

    def notes(self) -> tuple[Unobserved, ...]:
        """What compiled code hides."""
        if not self.used:
            return ()
        if self._leave:
            advice = "Run without it: measured steps then run eagerly."
            return (Unobserved("activations inside compiled code", "--leave-compiled was given", advice=advice),)
        why = "measured steps ran the compiled model eagerly, so training agrees to rounding, not bit for bit"
        return (Unobserved("the compiled code itself", why),)
