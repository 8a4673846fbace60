"""Calls back when a module has been imported, and imports nothing itself.

A script may set environment variables before its own ``import torch``, and they must still count: so Reluctant waits
for the script to import torch instead of importing it first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .patches import EXEC_MODULE, LEDGER, META_PATH, AppliedPatch


def when_imported(name: str, callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback` once, right after the module `name` was imported; at once where it already is.

    `callback` runs inside the import statement of the script, so it must not raise. Returns a function that takes the
    wish back. The module's ``__spec__`` and ``__loader__`` are those that it would have had.
    """
    if name in sys.modules:
        callback()
        return lambda: None
    return _Waiting(name, callback).stop


class _Waiting(MetaPathFinder):
    """A finder that finds what the other finders find, and notices when the module asked for is loaded."""

    def __init__(self, name: str, callback: Callable[[], None]) -> None:
        self._name = name
        self._callback = callback
        self._applied = LEDGER.switch(META_PATH, lambda: sys.meta_path.insert(0, self), lambda _: sys.meta_path.remove(self))

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The other finders' answer for the one module waited for; None for every other."""
        if fullname != self._name:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := _asked(finder, fullname, path, target)) is not None:
                if spec.loader is not None:
                    self._notice(spec.loader)
                return spec
        return None

    def _notice(self, loader: Loader) -> None:
        """Put a function before the loader's `exec_module`, on this one loader and until it has run.

        The loader stays what it is: ``__loader__`` and ``__spec__.loader`` are compared, asked for resources and
        pickled by other code, so they are not replaced by one of ours.
        """

        def make(applied: AppliedPatch) -> Callable[[ModuleType], None]:
            def exec_module(module: ModuleType) -> None:
                if getattr(module, "__name__", None) != self._name:  # one loader may load many modules: that of a zip file does
                    applied.original(module)
                    return
                applied.undo()
                applied.original(module)
                if self in sys.meta_path:
                    self.stop()
                    self._callback()

            return exec_module

        LEDGER.replace(EXEC_MODULE, make, loader, "exec_module")

    def stop(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            self._applied.undo()


def _asked(finder: Any, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """What another finder answers; one from before `find_spec` existed is passed over, as the import system does."""
    find_spec: Callable[..., ModuleSpec | None] | None = getattr(finder, "find_spec", None)
    return find_spec(name, path, target) if find_spec is not None else None
