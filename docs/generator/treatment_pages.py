"""A page for each treatment, from the docstring and the example of its class."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from reluctant.recording import CAUSES
from reluctant.treatments import Treatment, all_treatments

INTRODUCTION = """\
# Treatments

A treatment changes from outside how an unmodified script builds or trains its network: `reluctant run --treat TREATMENT script.py`.
`reluctant treatment NAME` prints these pages. [Trials](../trials.md) says how such a run is made and what it records.
"""


def treatment_pages() -> dict[str, str]:
    """The text of each page by its path."""
    pages = {f"treatments/{name}.md": "\n".join(_page(kind)) for name, kind in all_treatments().items()}
    return {"treatments/index.md": "\n".join(_index()), **pages}


def _index() -> Iterator[str]:
    yield from (INTRODUCTION, "| treatment | what it does |", "|---|---|")
    for name, kind in all_treatments().items():
        yield f"| [{name}]({name}.md) | {_docstring(kind).partition(chr(10) * 2)[0].replace(chr(10), ' ')} |"


def _docstring(kind: type[Treatment]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").replace("``", "`")


def _page(kind: type[Treatment]) -> Iterator[str]:
    yield from (f"# {kind.treatment_name()}", "", f"*`{kind.usage()}`, since {kind.since}*", "", _docstring(kind), "")
    yield from ("## Example", "", "```python", inspect.cleandoc(kind.example), "```", "")
    yield from ("```sh", f"reluctant run --treat '{kind.tried}' script.py", "```", "")
    if kind.removes:
        causes = (f"- [{cause}](../causes.md): {CAUSES[cause].meaning}" for cause in kind.removes)
        yield from ("## Which causes it removes", "", *causes, "")
