"""The file of a study: written after each trial, and read to go on."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import msgspec

from reluctant.errors import RecordingError, UsageError
from reluctant.recording import write

from ._compared import Compared
from ._study import Plan, Study

FORMAT = 1
"""Version of the file. Names in it change only together with this number."""

KIND = "study"


class _Header(msgspec.Struct):
    kind: str
    format: int


class _File(_Header):
    study: Study


class _Shown(_File):
    shown: tuple[Compared, ...]


def save_study(study: Study, path: str | os.PathLike[str]) -> None:
    """Write the study to `path`, whole or not at all, in the place of what is there. Raises `UsageError` where it cannot be written."""
    write(path, msgspec.json.encode(_File(KIND, FORMAT, study)) + b"\n", force=True)


def dumps_study(study: Study, shown: tuple[Compared, ...]) -> str:
    """The text of the file that `save_study` writes, with what each arm showed. A number of steps that was never reached is null."""
    return msgspec.json.encode(_Shown(KIND, FORMAT, study, shown)).decode() + "\n"


def is_study(path: str | os.PathLike[str]) -> bool:
    """Whether `path` can be read and holds a study, of whichever format."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Header).kind == KIND
    except (OSError, ValueError):  # ValueError: no JSON, or JSON of something else; or a null character in the name
        return False


def load_study(path: str | os.PathLike[str]) -> Study:
    """Read what `save_study` wrote. Raises `RecordingError` where it is something else or of a newer format."""
    advice = "Give the file of a study, as --study writes it"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RecordingError(f"the study cannot be read: {error.strerror}", where=str(path), advice=advice) from error
    try:
        header = msgspec.json.decode(data, type=_Header)
        if header.kind == KIND and header.format > FORMAT:
            what = f"the study has format {header.format}, and this Reluctant reads up to format {FORMAT}"
            raise RecordingError(what, where=str(path), advice="Install the version that wrote it, or a newer one")
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"this is no study of Reluctant: {error}", where=str(path), advice=advice) from error
    if file.kind != KIND:
        raise RecordingError("this is no study of Reluctant", where=str(path), advice=advice)
    return file.study


def resumed(plan: Plan, path: str | os.PathLike[str], arms_join: bool = False) -> Study:
    """The study in `path`, to go on with. More seeds than it was begun with are no other plan.

    With `arms_join` it may have more arms than the plan: those that joined on its way, and will again.

    Raises `UsageError` where it is a study of something else, and `RecordingError` as `load_study` does.
    """
    begun = load_study(path)
    for field in dataclasses.fields(Plan):
        before, now = getattr(begun.plan, field.name), getattr(plan, field.name)
        if field.name == "arms" and arms_join:
            before = before[: len(now)]
        if before != now and field.name not in ("seeds", "time_limit"):
            what = f"the study was begun with other {field.name.replace('_', ' ')}"
            raise UsageError(what, where=str(path), advice="Repeat the command that began it, or give another file")
    if plan.seeds < begun.plan.seeds:
        raise UsageError(f"the study has {begun.plan.seeds} seeds", where=str(path), advice="Ask for as many or more")
    return Study(plan, begun.results)
