"""The files that the compiled library is made from, and a fingerprint of them."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent
NATIVE = PACKAGE / "native"
"""C++ that is written by hand: vectors, elementary functions, loops."""
COMPILED = PACKAGE / "compiled"
"""Where an installation puts the libraries, one for each level of instructions."""

LEVELS = {"avx512": "x86-64-v4", "avx2": "x86-64-v3"}
"""Levels of instructions with a library each, the widest first, and what a compiler calls them.

Below AVX2 there is none: without fused multiply-add the same formulas took 12 to 34 ns an element, more than torch's own operators.
"""


@functools.cache
def fingerprint() -> str:
    """Changes with every file that decides what is compiled: a library of another fingerprint is stale and is not used."""
    files = [*NATIVE.glob("*.h"), *NATIVE.glob("*.cpp"), *(PACKAGE.parent / "activations").glob("*.py")]
    files += [PACKAGE / name for name in ("_sources.py", "_compile.py", "_c_source.py", "_signature.py", "_trace.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
