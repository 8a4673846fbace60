"""Compiles the kernels when the package is built or installed; without a compiler the package is installed without them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Adds the compiled kernels to a wheel, or puts them beside the sources of an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as one for this kind of machine and every Python."""
        sys.path.insert(0, str(Path(self.root) / "src"))
        from reluctant.kernels._compile import CannotCompileError, compile_kernels

        try:
            libraries = compile_kernels()
        except CannotCompileError as error:
            self.app.display_warning(f"reluctant is installed without compiled kernels: {error}")
            return
        finally:
            sys.path.pop(0)
        build_data["artifacts"] += [str(library.relative_to(self.root)) for library in libraries]
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
