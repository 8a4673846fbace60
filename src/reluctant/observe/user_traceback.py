"""Shows a script's uncaught error as python would have shown it without us: no frame of Reluctant is in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from reluctant.instrument.frames import is_ours
from reluctant.instrument.patches import EXCEPTHOOK, LAST_TRACEBACK, LEDGER, assign


def show_without_our_frames(runner: str, afterwards: Callable[[], None]) -> None:
    """Make python's next call of `sys.excepthook` show no frames of ours, and call `afterwards` after it.

    Python calls the hook when the error has left our last frame, and only then is the traceback complete. The hook
    that the script may have set is the one that gets to show it. `runner` is the file whose frame called the script:
    what lies above it in the traceback is how Reluctant was started.
    """
    hook = getattr(sys, "excepthook", _missing_hook)

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        applied.undo()
        error.__traceback__ = _below(runner, error.__traceback__)
        remove_our_frames(error)
        assign(LAST_TRACEBACK, error.__traceback__)
        try:
            hook(kind, error, error.__traceback__)
        except BaseException as failure:
            remove_our_frames(failure)
            raise
        finally:
            afterwards()

    applied = LEDGER.replace(EXCEPTHOOK, lambda _: excepthook)


def _missing_hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """What python does where the script has deleted the hook."""
    print("sys.excepthook is missing", file=sys.stderr)
    sys.__excepthook__(kind, error, traceback)


def remove_our_frames(error: BaseException) -> None:
    """Take the frames of this package out of the traceback of `error` and of every error it is chained to."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without_our_frames(current.__traceback__)
        pending += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]


def _below(runner: str, traceback: TracebackType | None) -> TracebackType | None:
    """The part of the traceback after the last frame of the file `runner`; all of it where there is none."""
    entries = _entries(traceback)
    calls = [index for index, entry in enumerate(entries) if entry.tb_frame.f_code.co_filename == runner]
    return entries[calls[-1]].tb_next if calls else traceback


def _without_our_frames(traceback: TracebackType | None) -> TracebackType | None:
    entries = _entries(traceback)
    files = [entry.tb_frame.f_code.co_filename for entry in entries]
    theirs = [entry for entry, file in zip(entries, files, strict=True) if not is_ours(file)]
    if len(theirs) == len(entries):
        return traceback
    rebuilt: TracebackType | None = None
    for entry in reversed(theirs):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    return entries
