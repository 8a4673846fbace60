"""Keeps an error of ours out of the user's run, and an error of the user's out of our hands."""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any

from reluctant.recording import FAILURE, Unobserved

from .frames import is_ours, is_torchs, outward
from .torch_private import MissingNameError


class Guard:
    """Wraps everything that torch calls back: an error ends the watching, is told once, and goes no further.

    What comes up in a callback and is not ours, such as what a signal handler of the user's raises there, goes on to the user. The
    watching ends then too, without a word: nobody knows in the middle of what it was.
    """

    def __init__(self, let_go: Callable[[], None]) -> None:
        """`let_go` ends the watching and does not raise."""
        self._let_go = let_go
        self._once = threading.Lock()
        self.error: str | None = None
        self._note: Unobserved | None = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., None]:
        """The function as torch may call it back."""

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            if self.error is not None:
                return
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the user's run; it is told once
                self.fail(error)

        return guarded

    def fail(self, error: Exception) -> None:
        """Stop watching, and say once what went wrong. Raises `error` again where it is the user's."""
        first = self._once.acquire(blocking=False)
        if is_interruption(error):
            if first:
                self.error = f"{type(error).__name__} of the script's own came up while Reluctant was looking"
                self._note = Unobserved("everything after an exception of the script's own", self.error)
                self._let_go()
            raise error
        if not first:
            return
        self._note = failure(error)
        self.error = self._note.why
        self._let_go()
        what = "this run cannot be watched" if isinstance(error, MissingNameError) else "an error of its own ended the watching"
        _say(f"{what}; the run goes on untouched. {self.error}")

    def notes(self) -> tuple[Unobserved, ...]:
        """What is not observed because the watching has ended early."""
        return (self._note,) if self._note is not None else ()


def failure(error: BaseException) -> Unobserved:
    """What is not observed because of an error of ours."""
    if isinstance(error, MissingNameError):
        return Unobserved(FAILURE, str(error), advice="Use a version of torch that Reluctant has run on, or a newer Reluctant.")
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({frame[0].filename.rsplit('/', 1)[-1]}:{frame[0].lineno})" if frame else ""
    return Unobserved(FAILURE, f"{type(error).__name__}: {error}{where}", advice="Please report it.")


def is_interruption(error: BaseException) -> bool:
    """Whether an error that came up in our code was raised by somebody else's, which python ran in the middle of ours.

    That is a signal handler, which is called with the frame that it interrupts; and what another thread raises here
    (``PyThreadState_SetAsyncExc``): then the innermost frame is ours or torch's, and the class is neither ours, torch's nor python's.
    """
    interrupted: list[types.FrameType] = []
    innermost: types.FrameType | None = None
    for innermost, _ in traceback.walk_tb(error.__traceback__):
        if interrupted and _is_called_with(innermost, interrupted):
            return True
        interrupted.append(innermost)
    if innermost is None or not (is_ours(innermost.f_code.co_filename) or is_torchs(innermost.f_code.co_filename)):
        return False
    return not _is_of_a_library(type(error))


def _is_called_with(frame: types.FrameType, interrupted: list[types.FrameType]) -> bool:
    """Whether a frame was given a number and one of the others, as a signal handler is; or one that they called.

    Tracebacks lack the frames of the import system, which may have been interrupted.
    """
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    given = [frame.f_locals.get(name) for name in code.co_varnames[:count]]
    flat = [item for value in given for item in (value if isinstance(value, tuple) else (value,))]
    frames = (item for number, item in itertools.pairwise(flat) if isinstance(number, int) and isinstance(item, types.FrameType))
    return any(outer is other for item in frames for outer in outward(item) for other in interrupted)


def _is_of_a_library(kind: type) -> bool:
    """Whether a class of errors is python's, torch's, ours, or of what we write files with."""
    return kind.__module__.partition(".")[0] in {*sys.stdlib_module_names, "torch", "reluctant", "msgspec"}


def _say(text: str) -> None:
    try:
        if sys.stderr is not None:
            print(f"reluctant: {text}", file=sys.stderr)
    except BaseException as error:  # closed, nobody reads it, an object of the user's that raises: the run must not end for that
        if isinstance(error, KeyboardInterrupt) or is_interruption(error):
            raise
