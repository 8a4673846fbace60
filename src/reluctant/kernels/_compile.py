"""Compiles the kernels: ``python -m reluctant.kernels._compile``. Runs when the package is installed; needs a C++ compiler, not torch."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reluctant.errors import ReluctantError

from ._c_source import sources
from ._sources import COMPILED, LEVELS, NATIVE, fingerprint

FLAGS = ("-std=c++17", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-exceptions", "-fno-rtti", "-fPIC", "-fvisibility=hidden",
         "-shared", "-Wl,--as-needed", "-w", "-lm")
"""As plain C as C++ gets: the library needs nothing but the C library, neither torch nor a C++ runtime of a certain version."""


class CannotCompileError(ReluctantError):
    """There will be no compiled kernels here; torch's own operators serve instead."""


def compiler() -> str:
    """The C++ compiler: what CXX names, or the first of c++, g++ and clang++ that is found. Raises `CannotCompileError`."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise CannotCompileError(f"there are no kernels for {sys.platform} on {platform.machine()}")
    for name in filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")):
        if shutil.which(shlex.split(name)[0]):
            return name
    raise CannotCompileError("no C++ compiler was found", advice="Install one (Debian: apt-get install g++) and install reluctant again")


def compile_kernels(folder: Path = COMPILED) -> list[Path]:
    """Write a library for each level of instructions into the folder; their paths. Raises `CannotCompileError`."""
    command = shlex.split(compiler())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in sources().items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
        files = [*sorted(Path(scratch).glob("*.cpp")), *sorted(NATIVE.glob("*.cpp"))]
        with ThreadPoolExecutor(len(LEVELS)) as pool:
            return list(pool.map(lambda level: _compile_level(command, level, files, folder), LEVELS))


def _compile_level(command: list[str], level: str, files: list[Path], folder: Path) -> Path:
    target = folder / f"{level}.so"
    unfinished = target.with_suffix(f".{os.getpid()}.so")
    arguments = [*FLAGS, f"-march={LEVELS[level]}", f'-DFINGERPRINT="{fingerprint()}"', f"-I{NATIVE}", "-o", str(unfinished)]
    done = subprocess.run([*command, *arguments, *map(str, files)], capture_output=True, text=True, check=False)
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        said = done.stderr.strip()[:2000] or "no message"
        raise CannotCompileError(
            f"{command[0]} ended with {done.returncode} when it compiled the kernels for {level}: {said}",
            advice="Name another compiler in CXX (GCC 12 is known to do) and install reluctant again",
        )
    # A running process may have the old library mapped: it keeps the old file, the new one takes its name.
    unfinished.replace(target)
    return target


if __name__ == "__main__":
    try:
        print(*compile_kernels(), sep="\n")
    except CannotCompileError as error:
        sys.exit(str(error))
