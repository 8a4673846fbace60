"""The program that was asked to run: its code is the user's, wherever its file lies."""

from __future__ import annotations

import sys


def is_program(filename: str) -> bool:
    """Whether this is the file of the running ``__main__``, which may lie in the folder of a library, or in ours."""
    return filename == getattr(sys.modules.get("__main__"), "__file__", None)
