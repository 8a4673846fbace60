"""The report as the JSON of the recording's file."""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.recording import Document, dumps

from ._renderer import Renderer


@dataclass(frozen=True)
class JsonFile(Renderer):
    """The whole document as one JSON text, which `reluctant report` and other programs read."""

    name = "json"
    suffix = ".json"

    def render(self, document: Document) -> str:
        """The text that `recording.save` writes."""
        return dumps(document)
