"""Prose in every language of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reluctant.figures import Words, translation

Language = Literal["en", "zh"]

LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}
"""Each language by its code, under its own name."""


@dataclass(frozen=True, slots=True)
class Text:
    """One piece of prose in every language.

    The two stand beside each other where they are written, with the same numbers put into both, so that neither can be forgotten nor say
    something else. Names, formulas and numbers that are the same in every language are plain strings.
    """

    en: str
    zh: str

    def to(self, language: Language) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en


def listed(parts: list[Words]) -> Text:
    """The parts as a list in a sentence: ``a, b and c``; none give an empty text."""
    *first, last = [translation(part, "en") for part in parts] or [""]
    return Text(f"{', '.join(first)} and {last}" if first else last, "、".join(translation(part, "zh") for part in parts))
