"""The report as the JSON of the recording's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.recording import Document, dumps

from ._renderer import Renderer

if TYPE_CHECKING:
    from reluctant.studies import Study


@dataclass(frozen=True)
class JsonFile(Renderer):
    """The whole document as one JSON text, which `reluctant report` and other programs read."""

    name = "json"
    suffix = ".json"

    def render(self, document: Document) -> str:
        """The text that `recording.save` writes."""
        return dumps(document)

    def render_study(self, study: Study) -> str:
        """The text of the study's file, with what each arm showed under ``shown``."""
        from reluctant.studies import compared, dumps_study

        return dumps_study(study, compared(study))
