"""Runs compiled models eagerly in the passes that are measured."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from reluctant.recording import Unobserved

from ._guard import Guard


class CompiledModels:
    """Switches torch.compile to eager for a measured pass and back. Does nothing while nothing is compiled.

    That torch._dynamo was imported says nothing (an optimizer imports it), so the call of torch.compile is noticed.
    """

    def __init__(self, leave_compiled: bool, guard: Guard, due: Callable[[], bool]) -> None:
        self._leave, self._guard, self._due = leave_compiled, guard, due
        self._stance: Any = None
        self._original: Callable[..., Any] | None = None
        self._wrapper: Callable[..., Any] | None = None
        self.used = False

    def start(self) -> None:
        """Notice models being compiled."""
        original = self._original = torch.compile
        note = self._guard(self._note)

        @functools.wraps(original)
        def compile(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            note()
            return made

        self._wrapper = compile
        torch.compile = compile

    def _note(self) -> None:
        if self._original is not None:
            self.used = True
            self.measure(self._due())

    def measure(self, eager: bool) -> None:
        """Let compiled code run eagerly from now on, or compiled again."""
        if not self.used or self._leave:
            return
        if eager and self._stance is None:
            self._stance = torch.compiler.set_stance("force_eager")
            self._stance.__enter__()
        elif not eager:
            self._release()

    @property
    def avoidable(self) -> bool:
        """Whether a pass through compiled code could have been run eagerly instead."""
        return self.used and not self._leave

    def stop(self) -> None:
        """Let compiled code run compiled again, and put torch.compile back."""
        self._release()
        if self._original is not None and torch.compile is self._wrapper:
            torch.compile = self._original
        self._original = None

    def _release(self) -> None:
        if self._stance is not None:
            self._stance.__exit__(None, None, None)
            self._stance = None

    def notes(self) -> tuple[Unobserved, ...]:
        """What compiled code hides."""
        if self.used and self._leave:
            return (
                Unobserved(
                    "activations inside compiled code",
                    "--leave-compiled was given",
                    advice="Run without it: measured steps then run eagerly.",
                ),
            )
        if self.used:
            return (
                Unobserved(
                    "the compiled code itself",
                    "measured steps ran the compiled model eagerly, so training agrees to rounding, not bit for bit",
                ),
            )
        return ()
