"""The forms a report can take."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath

from reluctant import discovery
from reluctant.errors import UsageError

from ._renderer import Renderer


@cache
def renderers() -> dict[str, type[Renderer]]:
    """Every form by its name; each is a file of this folder."""
    return discovery.subclasses("reluctant.report", Renderer, name=lambda renderer: renderer.name)


def renderer_for(path: str) -> type[Renderer]:
    """The form that the ending of a file's name asks for.

    Raises `UsageError` where no form has that ending, and names those that exist.
    """
    suffix = PurePath(path).suffix.lower()
    by_suffix = {renderer.suffix: renderer for renderer in renderers().values()}
    if suffix not in by_suffix:
        ending = f"the ending {suffix!r} stands for no form of the report" if suffix else "the name has no ending that says in which form"
        raise UsageError(ending, where=path, advice=f"Use one of {', '.join(sorted(by_suffix))}")
    return by_suffix[suffix]
