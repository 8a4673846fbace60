"""What every form of the report is, and which there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from reluctant import discovery
from reluctant.errors import UsageError
from reluctant.recording import Document

from ._outline import Outline, outline_of

if TYPE_CHECKING:
    from reluctant.studies import Study


@dataclass(frozen=True)
class Renderer:
    """A form of the report: makes text of a document, or of a study.

    A subclass in a file of its own in this folder is found by its name and its suffix, and so is one that the entry-point group
    ``reluctant.forms`` names; nothing else is registered.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    """The ending of files of this form: ``.txt``; empty for a form that is not written to files."""

    every_site: bool = False
    """Show every site and every finding in full, also where many share what is said."""
    source: str = ""
    """The file that the document is saved in, for the commands that the report names; empty where there is none."""

    def render(self, document: Document) -> str:
        """The report as text."""
        raise NotImplementedError

    def render_study(self, study: Study) -> str:
        """What the trials of a study showed, as text.

        Raises `UsageError` in a form that is for documents alone, which need not define it.
        """
        raise UsageError(f"the form {self.name} does not show studies", advice=f"Use one of {', '.join(_study_suffixes())}")

    def outline(self, document: Document) -> Outline:
        """What the report says, for renderers that only give it a form."""
        return outline_of(document, self.source, self.every_site)


@cache
def renderers() -> dict[str, type[Renderer]]:
    """Every form by its name; each is a file of this folder, or named by an entry point."""
    return discovery.subclasses("reluctant.report", Renderer, name=lambda renderer: renderer.name, group="reluctant.forms")


def renderer_for(path: str) -> type[Renderer]:
    """The form that the ending of a file's name asks for.

    Raises `UsageError` where no form has that ending, and names those that exist.
    """
    suffix = PurePath(path).suffix.lower()
    # Ours come first in `renderers`, so here they come last: a form that another package brings takes no ending of theirs.
    by_suffix = {renderer.suffix: renderer for renderer in reversed(renderers().values()) if renderer.suffix}
    if suffix not in by_suffix:
        ending = f"the ending {suffix!r} stands for no form of the report" if suffix else "the name has no ending that says in which form"
        raise UsageError(ending, where=path, advice=f"Use one of {', '.join(sorted(by_suffix))}")
    return by_suffix[suffix]


def study_renderer_for(path: str) -> type[Renderer]:
    """The form for a study that the ending of a file's name asks for.

    Raises `UsageError` where no form has that ending, or the one that has it is for documents alone.
    """
    renderer = renderer_for(path)
    if not _shows_studies(renderer):
        advice = f"Use one of {', '.join(_study_suffixes())}"
        raise UsageError(f"the form {renderer.name} does not show studies", where=path, advice=advice)
    return renderer


def _shows_studies(renderer: type[Renderer]) -> bool:
    return renderer.render_study is not Renderer.render_study


def _study_suffixes() -> list[str]:
    return sorted(renderer.suffix for renderer in renderers().values() if renderer.suffix and _shows_studies(renderer))
