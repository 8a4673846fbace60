"""Reads the stack of running frames: which of them are the user's, and where they stand."""

from __future__ import annotations

import linecache
import os
import sys
import types
from collections.abc import Callable, Iterator

from reluctant.recording import Location

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""The folder of this package."""

_NO_PLACE = frozenset({"__torch_function__", "__torch_dispatch__"})
"""Functions through which every call of torch goes while a mode of the user's is on."""

_torch = ""
"""The folder of torch, once it is imported; this file is read before a script imports it."""


def torch_folder() -> str:
    """The folder of torch; empty while it is not imported."""
    global _torch
    if not _torch and (file := getattr(sys.modules.get("torch"), "__file__", None)):
        _torch = os.path.dirname(os.path.abspath(file)) + os.sep
    return _torch


def is_torchs(filename: str) -> bool:
    """Whether a file lies in the folder of torch."""
    folder = _torch or torch_folder()
    return bool(folder) and filename.startswith(folder)


def is_ours(filename: str) -> bool:
    """Whether a file lies in the folder of this package, and is not the program that was asked to run."""
    return filename.startswith(OURS) and not is_program(filename)


def is_program(filename: str) -> bool:
    """Whether this is the file of the running ``__main__``, which may lie in the folder of a library, or in ours."""
    return filename == getattr(sys.modules.get("__main__"), "__file__", None)


def is_users(code: types.CodeType) -> bool:
    """Whether code is neither torch's, nor ours, nor the import system's; a mode through which every call goes is no place either.

    The program that was asked to run is the user's even if it lies in the folder of torch or in ours.
    """
    filename = code.co_filename
    if (is_torchs(filename) or filename.startswith((OURS, "<frozen"))) and not is_program(filename):
        return False
    return code.co_name not in _NO_PLACE


def outward(frame: types.FrameType | None) -> Iterator[types.FrameType]:
    """A frame, the one that called it, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def users_frame(wanted: Callable[[types.FrameType], bool] = lambda _: True) -> types.FrameType | None:
    """The innermost running frame of the user's code that is `wanted`."""
    return next((frame for frame in outward(sys._getframe(1)) if is_users(frame.f_code) and wanted(frame)), None)


def users_line(wanted: Callable[[types.FrameType], bool] = lambda _: True) -> tuple[types.CodeType, int] | None:
    """The innermost line of the user's code that is running, in a frame that is `wanted`."""
    frame = users_frame(wanted)
    return (frame.f_code, frame.f_lineno or 0) if frame is not None else None


def location_of(code: types.CodeType, line: int) -> Location:
    """A line as plain data, with its source text where it can be read."""
    return Location(code.co_filename, line, code.co_name, linecache.getline(code.co_filename, line).strip())
