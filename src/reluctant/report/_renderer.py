"""What every form of the report is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from reluctant.recording import Document

from ._outline import Outline, full_outline, main_outline

if TYPE_CHECKING:
    from reluctant.studies import Study


@dataclass(frozen=True)
class Renderer:
    """A form of the report: makes text of a document, or of a study.

    A subclass in a file of its own in this folder is found by its name and its suffix; nothing is registered.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    """The ending of files of this form: ``.txt``."""

    every_site: bool = False
    """Show every site and every finding in full, also where many share what is said."""
    source: str = ""
    """The file that the document is saved in, for the commands that the report names; empty where there is none."""

    def render(self, document: Document) -> str:
        """The report as text."""
        raise NotImplementedError

    def render_study(self, study: Study) -> str:
        """What the trials of a study showed, as text."""
        raise NotImplementedError

    def outline(self, document: Document) -> Outline:
        """What the report says, for renderers that only give it a form."""
        return (full_outline if self.every_site else main_outline)(document, self.source)
