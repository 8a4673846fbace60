"""The folder that a trial runs in where it gets one of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from reluctant.errors import UsageError

MARK = ".reluctant-workdir"
"""A file in the folders that are made here. They are never copied along, and only they may be replaced."""

LARGEST_COPY = 1 << 30
"""Bytes of the current folder's files. A study makes a copy for each trial, so data beyond that are better linked."""


def working_folder(path: str, force: bool = False) -> str:
    """Make the folder `path` with a copy of the current folder's files; its absolute path.

    Symbolic links lead to what they led to. Hidden folders, caches of Python, virtual environments and other working folders are left
    out. Raises `UsageError` where `path` holds something already (with `force`: unless it was made here), and where the files
    are more than `LARGEST_COPY`.
    """
    source, target = Path.cwd(), Path(path).absolute()
    try:
        entries = list(_entries(source, target))
        size = sum(entry.stat().st_size for entry in entries if not entry.is_symlink())
        if size > LARGEST_COPY:
            what = f"the files of the current folder are {size / 1e9:.1f} GB, and at most {LARGEST_COPY / 1e9:.1f} GB are copied"
            advice = "Keep large data outside and put a symbolic link in their place, or give no --workdir"
            raise UsageError(what, where=str(source), advice=advice)
        empty_folder(target, force)
        for entry in entries:
            copy = target / entry.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if entry.is_symlink():
                copy.symlink_to(entry.resolve())
            else:
                shutil.copy2(entry, copy)
    except (OSError, shutil.Error) as error:
        raise UsageError(f"the working folder cannot be made: {error}", where=path, advice="Give another folder") from error
    return str(target)


def empty_folder(target: Path, force: bool = False) -> None:
    """Make `target`, empty but for the mark. Raises `UsageError` where it holds something that may not be replaced."""
    if target.exists() and not target.is_dir():
        raise UsageError("this is no folder", where=str(target), advice="Give the name of a new folder")
    if target.is_dir() and any(entry.name != MARK for entry in target.iterdir()):
        ours = (target / MARK).is_file() and not Path.cwd().is_relative_to(target.resolve())
        if not ours:
            raise UsageError("the folder is not empty", where=str(target), advice="Give the name of a new folder")
        if not force:
            raise UsageError("the folder is there already", where=str(target), advice="Give --force to replace it, or another name")
        shutil.rmtree(target)
    target.mkdir(parents=True, exist_ok=True)
    (target / MARK).touch()


def _entries(source: Path, target: Path) -> Iterator[Path]:
    """The files and links to copy from `source`, in all its folders."""
    for root, folders, files in os.walk(source):
        here = [Path(root, name) for name in folders]
        links = [folder for folder in here if folder.is_symlink()]
        folders[:] = [folder.name for folder in here if folder not in links and folder != target and not _is_left_out(folder)]
        yield from links
        yield from (file for name in files if (file := Path(root, name)).is_symlink() or file.is_file())


def _is_left_out(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name == "__pycache__" or any((folder / name).is_file() for name in (MARK, "pyvenv.cfg"))
