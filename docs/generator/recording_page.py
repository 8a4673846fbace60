"""The page of a recording's fields, from its JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reluctant.recording._schema import schema

INTRODUCTION = """\
# Fields of a recording

Every field of the file that `reluctant run -o run.json` writes, with its type. The same as a JSON schema:
[recording.schema.json](recording.schema.json). Fields without a sentence are what their name says.

A *number* that is NaN or infinite is written as the string `"NaN"`, `"Infinity"` or `"-Infinity"`, which JSON lacks.
"""


def recording_page() -> dict[str, str]:
    """The text of the page by its path."""
    form = schema()
    kinds = {"The document": form, **{name: kind for name, kind in form["$defs"].items() if "properties" in kind}}
    return {"recording-fields.md": "\n".join([INTRODUCTION, *(line for name, kind in kinds.items() for line in _section(name, kind))])}


def _section(name: str, kind: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {name}", "", _prose(kind["description"]), "", "| field | type | meaning |", "|---|---|---|")
    for field, form in kind["properties"].items():
        yield f"| `{field}` | {_type(form)} | {_prose(form.get('description', ''))} |"
    yield ""


def _prose(text: str) -> str:
    """A docstring's text as one cell of a table."""
    return " ".join(text.replace("````", '`""`').replace("``", "`").replace("|", r"\|").split())


def _type(form: Mapping[str, Any]) -> str:
    """A schema in words, the types of ours as links to their sections."""
    if "$ref" in form:
        name = form["$ref"].rpartition("/")[2]
        return "number" if name == "Number" else f"[{name}](#{name.lower()})"
    if "anyOf" in form:
        return " or ".join(_type(one) for one in form["anyOf"])
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return ", ".join(f"`{value}`" for value in form["enum"])
    if "prefixItems" in form:
        return f"({', '.join(_type(item) for item in form['prefixItems'])})"
    if form.get("type") == "array":
        return f"list of {_type(form['items'])}"
    if form.get("type") == "object" and "additionalProperties" in form:
        return f"object of {_type(form['additionalProperties'])}"
    return str(form.get("type", "anything"))
