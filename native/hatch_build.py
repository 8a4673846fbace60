"""Builds the distribution of the kernels: prints their C++ from the catalogue's formulas, and compiles it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_GLIBC = (2, 17)
"""What a system must have for the tag manylinux_2_17: https://peps.python.org/pep-0600/."""


class CustomBuildHook(BuildHookInterface):
    """Puts printed C++ into a source distribution, and compiled libraries into a wheel. A wheel without them is never built.

    The formulas are those of the checkout that holds this folder. A source distribution has none beside it: it brings the C++ that was
    printed when it was made, so that a build needs neither reluctant nor torch, only a compiler.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, and mark a wheel as one for this kind of machine and every Python."""
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from compile_kernels import CannotCompileError, compile_kernels

        if self.target_name == "sdist":
            self._scratch = tempfile.TemporaryDirectory()
            for name, text in printed(root).items():
                file = Path(self._scratch.name) / name
                file.write_text(text, encoding="utf-8")
                build_data["force_include"][str(file)] = f"printed/{name}"
            return
        try:
            libraries = compile_kernels(printed(root), root / "src" / "reluctant_kernels")
        except CannotCompileError as error:
            self.app.abort(f"reluctant-kernels cannot be built here: {error}")
        build_data["artifacts"] += [str(library.relative_to(root)) for library in libraries]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_of(libraries)}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was printed for a source distribution."""
        if self.target_name == "sdist":
            self._scratch.cleanup()


def printed(root: Path) -> Mapping[str, str]:
    """The C++ that follows from formulas, by the name of its file."""
    if (root / "printed").is_dir():
        return {file.name: file.read_text(encoding="utf-8") for file in sorted((root / "printed").glob("*.cpp"))}
    sys.path.insert(0, str(root.parent / "src"))
    from print_kernels import sources

    return sources()


def platform_of(libraries: Iterable[Path]) -> str:
    """The tag of the systems on which the libraries run, by the versions of glibc's symbols that they ask for."""
    asked = {(int(major), int(minor)) for file in libraries for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", file.read_bytes())}
    return "manylinux_2_17_x86_64" if asked and max(asked) <= OLDEST_GLIBC else "linux_x86_64"
