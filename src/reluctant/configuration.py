"""The options of a check-up, and where they come from: the command line first, then ``[tool.reluctant]``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from reluctant.errors import UsageError, close_matches

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a check-up is to do. In ``pyproject.toml`` the names are written with hyphens (``leave-compiled``)."""

    output: str = ""
    """File for the recording and its findings; ``-`` is standard output, empty is none."""
    force: bool = False
    """Replace `output` where it exists."""
    select: tuple[str, ...] = ()
    """Rules to judge by, by code, prefix or name; empty means all."""
    ignore: tuple[str, ...] = ()
    """Rules to leave out, in the same terms."""
    budget: float = 0.03
    """Share (0 to 1) of the run's time that measuring may take."""
    leave_compiled: bool = False
    """Leave compiled regions compiled; what is inside them is then not observed."""
    live: bool = False
    """Show a status line while the script runs."""
    quiet: bool = False
    """Print no report."""
    open: bool = False
    """Open the report as a page in the browser when the script has ended."""


def configured(given: Mapping[str, Any], start: Path | None = None) -> Configuration:
    """The configuration that `given` and the nearest ``pyproject.toml`` make; what was given (not None, not empty) wins."""
    chosen = {name: value for name, value in given.items() if value is not None and value != ()}
    return replace(nearest(start or Path.cwd()), **chosen)


def nearest(folder: Path) -> Configuration:
    """What the table ``[tool.reluctant]`` says in the first ``pyproject.toml`` that has one, from `folder` upwards.

    Raises `UsageError` where that file cannot be read or the table holds something it should not.
    """
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return _from_table(table, f"{file} [tool.reluctant]")
    return Configuration()


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream).get("tool", {}).get("reluctant")
    except (OSError, ValueError) as error:
        raise UsageError(f"the file cannot be read: {error}", where=str(file), advice="Mend it, or run from another folder") from error
    if table is not None and not isinstance(table, Mapping):
        raise UsageError("tool.reluctant is no table", where=str(file), advice="Write [tool.reluctant] and the options below it")
    return table


def _from_table(table: Mapping[str, Any], where: str) -> Configuration:
    types = {field.name.replace("_", "-"): str(field.type) for field in fields(Configuration)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in types:
            guess = f"Did you mean {' or '.join(close)}? " if (close := close_matches(key, types)) else ""
            raise UsageError(f"there is no option {key!r}", where=where, advice=f"{guess}The options are {', '.join(types)}")
        form, accepts = _FORMS[types[key]]
        if not accepts(value):
            raise UsageError(f"{key} must be {form}, not {value!r}", where=where)
        values[key.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    return Configuration(**values)


_FORMS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("a text", lambda value: isinstance(value, str)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "float": (
        "a number above 0 and at most 1",
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1,
    ),
    "tuple[str, ...]": ("a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)),
}
"""By the type of a field: what its value must be, in words and as a check."""
