"""Compiles the kernels with any C++ compiler; needs neither torch nor reluctant. ``python compile_kernels.py`` names the compiler."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CPP = Path(__file__).parent / "cpp"
"""C++ that is written by hand: vectors, elementary functions, loops."""

LEVELS = {"avx512": "x86-64-v4", "avx2": "x86-64-v3"}
"""Levels of instructions with a library each, the widest first, and what a compiler calls them.

Below AVX2 there is none: without fused multiply-add the same formulas took 12 to 34 ns an element, more than torch's own operators.
"""

FLAGS = ("-std=c++17", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-exceptions", "-fno-rtti", "-fPIC", "-fvisibility=hidden",
         "-shared", "-Wl,--as-needed", "-w", "-lm")
"""As plain C as C++ gets: the library needs nothing but the C library, neither torch nor a C++ runtime of a certain version."""


class CannotCompileError(Exception):
    """There can be no compiled kernels here."""


def compiler() -> str:
    """The C++ compiler: what CXX names, or the first of c++, g++ and clang++ that is found. Raises `CannotCompileError`."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise CannotCompileError(f"there are no kernels for {sys.platform} on {platform.machine()}")
    for name in filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")):
        if shutil.which(shlex.split(name)[0]):
            return name
    raise CannotCompileError("no C++ compiler was found. Install one (Debian: apt-get install g++), and try again")


def compile_kernels(printed: Mapping[str, str], folder: Path) -> list[Path]:
    """Write a library for each level of instructions into the folder; their paths.

    `printed` is the C++ that follows from formulas, by the name of its file. Raises `CannotCompileError`.
    """
    command = shlex.split(compiler())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in printed.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
        files = [*sorted(Path(scratch).glob("*.cpp")), *sorted(CPP.glob("*.cpp"))]
        with ThreadPoolExecutor(len(LEVELS)) as pool:
            return list(pool.map(lambda level: _compile_level(command, level, files, folder), LEVELS))


def _compile_level(command: list[str], level: str, files: list[Path], folder: Path) -> Path:
    target = folder / f"{level}.so"
    unfinished = target.with_suffix(f".{os.getpid()}.so")
    arguments = [*FLAGS, f"-march={LEVELS[level]}", f"-I{CPP}", "-o", str(unfinished)]
    done = subprocess.run([*command, *arguments, *map(str, files)], capture_output=True, text=True, check=False)
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        message = done.stderr.strip()[:2000] or "no message"
        raise CannotCompileError(
            f"{command[0]} ended with {done.returncode} when it compiled the kernels for {level}: {message}. "
            "Name another compiler in CXX (GCC 12 is known to do), and try again"
        )
    # A running process may have the old library mapped: it keeps the old file, the new one takes its name.
    unfinished.replace(target)
    return target


if __name__ == "__main__":
    try:
        print(compiler())
    except CannotCompileError as error:
        sys.exit(str(error))
