"""Notices when the user packs saved tensors, so that nothing is unpacked that the user counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from torch.autograd.graph import saved_tensors_hooks

from reluctant.recording import NotObserved


class SavedTensorHooks:
    """Knows whether a ``saved_tensors_hooks`` context of the user's was entered. Checkpointing has its own mark."""

    def __init__(self) -> None:
        self.used = False
        self._original: Callable[[Any], Any] | None = None
        self._wrapper: Callable[[Any], Any] | None = None

    def start(self) -> None:
        """Watch the context being entered."""
        original = self._original = saved_tensors_hooks.__enter__

        def __enter__(context: Any) -> Any:  # noqa: N807 - it takes the place of one
            if not sys._getframe(1).f_code.co_filename.endswith("checkpoint.py"):
                self.used = True
            return original(context)

        self._wrapper = __enter__
        saved_tensors_hooks.__enter__ = __enter__  # type: ignore[method-assign]

    def stop(self) -> None:
        """Put the context back."""
        if self._original is not None and saved_tensors_hooks.__enter__ is self._wrapper:
            saved_tensors_hooks.__enter__ = self._original  # type: ignore[method-assign]
        self._original = None

    def notes(self) -> tuple[NotObserved, ...]:
        """What could not be read because of it."""
        if not self.used:
            return ()
        return (
            NotObserved(
                "values behind saved_tensors_hooks",
                "unpacking them would run the user's hooks a second time; slopes come from gradients instead",
            ),
        )
