"""Runs a script as ``python script.py``, ``python folder``, ``python archive.zip`` or ``python -m module`` would.

`runpy.run_path` is not used: it takes the script's ``__main__`` away when the script ends, so that handlers of
`atexit`, threads that are still running and the pickling of classes defined in the script fail.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import marshal
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from types import CodeType, ModuleType
from typing import Any

from reluctant.errors import UsageError
from reluctant.instrument.patches import ARGUMENTS, LEDGER, MAIN, ORIGINAL_ARGUMENTS, PATH, assign

from .user_traceback import show_without_our_frames


@dataclass(frozen=True, slots=True)
class Program:
    """Something python can run, checked as far as that goes without running it."""

    name: str
    """As it was given: ``train.py``, ``-m package.train``."""
    arguments: tuple[str, ...]
    start: Callable[[], None]
    """Runs it in a new ``__main__``. Raises `NoProgramError`, or what the program raises."""

    def run(self) -> None:
        """Run it to its end; what it raises goes on as python would show it, without frames of ours."""
        try:
            self.start()
        except (NoProgramError, SystemExit):
            raise
        except BaseException:  # also KeyboardInterrupt: whatever the program raises goes on, only its traceback loses our frames
            show_without_our_frames(runner=__file__, afterwards=_forget_file)
            raise
        _forget_file()


class NoProgramError(UsageError):
    """There is nothing to run under the name that was given."""


def script(path: str, arguments: tuple[str, ...]) -> Program:
    """The script at `path`, or the ``__main__.py`` of the folder or zip file there.

    Raises `NoProgramError` where there is none, and `SyntaxError` where python cannot compile the script.
    """
    importer = pkgutil.get_importer(path)
    if importer is None:
        code, absolute = _compiled(path), _absolute(path)
        return Program(path, arguments, lambda: _run_file(path, absolute, arguments, code))
    if importer.find_spec("__main__") is None:
        raise NoProgramError("the folder has no __main__.py, so python cannot run it", where=path, advice="Give the script to run")
    absolute = _absolute(path)  # now: the run may get another current folder
    return Program(path, arguments, lambda: _run_container(path, absolute, arguments))


def module(name: str, arguments: tuple[str, ...]) -> Program:
    """The module `name`, found when it is run, as ``python -m`` does."""
    folder = os.getcwd()
    return Program(f"-m {name}", arguments, lambda: _run_module(name, folder, arguments))


def exit_code(error: BaseException | None) -> int:
    """The code with which python ends after `error` came out of the script; None is its normal end."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130  # what a shell shows for a death by SIGINT
    code = error.code if isinstance(error, SystemExit) else 1
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def _compiled(path: str) -> CodeType:
    absolute = _absolute(path)
    try:
        with io.open_code(absolute) as file:
            source = file.read()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise NoProgramError(f"the script cannot be opened: {reason}", where=path, advice="Give the script to run") from error
    if source.startswith(importlib.util.MAGIC_NUMBER):
        compiled = marshal.loads(source[16:])
        if isinstance(compiled, CodeType):
            return compiled
    return compile(source, absolute, "exec", dont_inherit=True)


def _absolute(path: str) -> str:
    """The path as python completes it: not normalised, so that it reads like what was typed."""
    return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)


def _run_file(path: str, absolute: str, arguments: tuple[str, ...], code: CodeType) -> None:
    loader = SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader
    main = _become_main([path, *arguments], [path])
    _replace_first_path(os.path.dirname(os.path.realpath(absolute)))
    main["__loader__"] = loader("__main__", absolute)
    main["__file__"] = absolute
    if sys.version_info < (3, 15):
        main["__cached__"] = None
    exec(code, main)


def _run_container(path: str, absolute: str, arguments: tuple[str, ...]) -> None:
    _become_main([path, *arguments], [path])
    _take_first_path()
    LEDGER.switch(PATH, lambda: sys.path.insert(0, absolute))
    _run_as_main("__main__", alter_argv=False)


def _run_module(name: str, folder: str, arguments: tuple[str, ...]) -> None:
    _become_main(["-m", *arguments], ["-m", name])
    _replace_first_path(folder)
    _run_as_main(name, alter_argv=True)


def _run_as_main(name: str, alter_argv: bool) -> None:
    """What the interpreter itself calls for ``-m``, folders and zip files; so messages and frames are the same too."""
    run: Any = runpy._run_module_as_main  # type: ignore[attr-defined]
    try:
        run(name, alter_argv)
    except SystemExit as stop:
        if isinstance(stop.__context__, runpy._Error):  # type: ignore[attr-defined]
            raise NoProgramError(str(stop.__context__), advice="Give the module as you would to `python -m`") from None
        raise


def _become_main(argv: list[str], target: list[str]) -> dict[str, Any]:
    """Make a new ``__main__`` like the one python starts with, and return its names."""
    _replace_original_argv([*target, *argv[1:]])
    assign(ARGUMENTS, argv)
    main = ModuleType("__main__")
    main.__loader__ = BuiltinImporter  # what it is until python knows what to run
    names = vars(main)
    if sys.version_info < (3, 14):
        names["__annotations__"] = {}
    names["__builtins__"] = builtins
    _kept.append(sys.modules["__main__"])
    LEDGER.switch(MAIN, lambda: sys.modules.update(__main__=main))
    return names


_kept: list[ModuleType] = []
"""The ``__main__`` that ours was: its code is still running, and needs its names until the process ends."""


def _replace_original_argv(rest: list[str]) -> None:
    """Leave of our own command line the interpreter and its options: some programs start themselves again with it."""
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    if options and options[-1] == "-m":
        options.pop()
    assign(ORIGINAL_ARGUMENTS, [sys.orig_argv[0], *options, *rest])


def _replace_first_path(folder: str) -> None:
    if _take_first_path():
        LEDGER.switch(PATH, lambda: sys.path.insert(0, folder))


def _take_first_path() -> bool:
    """Remove the entry that python put first for our own command; False where it was told to put none."""
    has_one = not getattr(sys.flags, "safe_path", sys.flags.isolated)
    if has_one:
        LEDGER.switch(PATH, lambda: sys.path.pop(0))
    return has_one


def _forget_file() -> None:
    """Python takes these two names from a script's ``__main__`` when the script has ended without `SystemExit`."""
    names = vars(sys.modules["__main__"])
    if names.get("__spec__") is None:
        names.pop("__file__", None)
        names.pop("__cached__", None)
