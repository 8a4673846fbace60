"""Runs compiled models eagerly in the passes that are measured."""

from __future__ import annotations

import sys
from typing import Any

from reluctant.recording import NotObserved


class CompiledModels:
    """Switches torch.compile to eager for a measured pass and back. Does nothing while nothing is compiled."""

    def __init__(self, leave_compiled: bool) -> None:
        self._leave = leave_compiled
        self._eager: Any = None
        self.used = False

    def start(self) -> None:
        """Begin; compiled code is noticed by torch._dynamo having been imported."""

    def measure(self, eager: bool) -> None:
        """Let compiled code run eagerly from now on, or compiled again."""
        if "torch._dynamo" not in sys.modules:
            return
        self.used = True
        if self._leave:
            return
        import torch

        if eager and self._eager is None:
            self._eager = torch.compiler.set_stance("force_eager")
            self._eager.__enter__()
        elif not eager and self._eager is not None:
            self.stop()

    def stop(self) -> None:
        """Let compiled code run compiled again."""
        if self._eager is not None:
            self._eager.__exit__(None, None, None)
            self._eager = None

    def notes(self) -> tuple[NotObserved, ...]:
        """What compiled code hides."""
        if self.used and self._leave:
            return (NotObserved("activations inside compiled code", "--leave-compiled was given", advice="Run without it: measured steps then run eagerly."),)
        return ()
