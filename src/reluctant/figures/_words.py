"""Words of figures, which may exist in several languages."""

from __future__ import annotations

from typing import Any, Protocol


class Translated(Protocol):
    """Prose that exists in several languages."""

    def to(self, language: Any) -> str:
        """The text in one of them."""
        ...


Words = str | Translated
"""What stands in a figure: the same in every language, or prose that is asked for the language of the drawing."""


def translation(words: Words, language: str = "en") -> str:
    """The words in one language."""
    return words if isinstance(words, str) else words.to(language)
