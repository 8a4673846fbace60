"""The JSON schema of a recording's file, derived from the data classes and their documentation.

``python -m reluctant.recording._schema`` prints it; ``docs/recording.schema.json`` is that text.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from . import _finding, _recording, _trial
from ._file import FIRST_KEYS, NON_FINITE, form

NUMBER = {
    "title": "Number",
    "description": "A number; JSON has no NaN and no infinity, so these are written as strings.",
    "anyOf": [{"type": "number"}, {"enum": list(NON_FINITE)}],
}


def schema() -> dict[str, Any]:
    """The schema of what `dumps` writes, as plain data (JSON Schema 2020-12)."""
    (document,), definitions = msgspec.json.schema_components([form()])
    found = {"$defs": {"Number": NUMBER, **definitions}}
    document = found["$defs"].pop("Document")
    document["description"] = f"One observed run and what was found in it, in format {_recording.FORMAT}."
    document["properties"]["format"] = {"const": _recording.FORMAT}
    document["required"] = list(FIRST_KEYS)
    for kind in (*_dataclasses(_recording), *_dataclasses(_finding), *_dataclasses(_trial)):
        described = document if kind is _recording.Recording else found["$defs"].get(kind.__name__, {"properties": {}})
        for name, text in _field_docstrings(kind).items():
            described["properties"][name]["description"] = text
    with_numbers = _with_numbers({**document, **found})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **with_numbers, "title": "Recording of Reluctant"}


def _with_numbers(value: Any) -> Any:
    """The schema with `NUMBER` in the place of every plain number."""
    if value is NUMBER:
        return value
    if isinstance(value, dict):
        if value.get("type") == "number":
            return {"$ref": "#/$defs/Number", **{key: item for key, item in value.items() if key != "type"}}
        return {key: _with_numbers(item) for key, item in value.items()}
    return [_with_numbers(item) for item in value] if isinstance(value, list) else value


def _dataclasses(module: Any) -> Iterator[type]:
    return (value for value in vars(module).values() if dataclasses.is_dataclass(value) and isinstance(value, type))


def _field_docstrings(kind: type) -> dict[str, str]:
    """The strings below the fields of a data class, which Python itself does not keep."""
    body = cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]).body
    return {
        field.target.id: inspect.cleandoc(text.value.value).replace("\n", " ")
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
