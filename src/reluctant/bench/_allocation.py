"""Makes large allocations cost what small ones do, for every contender alike."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of the settings in malloc.h."""


def keep_freed_memory() -> bool:
    """Let malloc keep what is freed, in this process: whether that could be set.

    By default tensors above 32 MB are mapped anew each time, and the page faults cost three to six times an activation's arithmetic.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, 2**31 - 1))
    return False
