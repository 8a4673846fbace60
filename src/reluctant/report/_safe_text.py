r"""Text from outside, made fit to be shown.

Paths, source lines and module names come from the user's project or from a file that somebody sent. On a terminal a
control character in them could hide, move or recolour what the report says, so each is shown as its escape: ``\x1b``.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_CODE = 200
"""Characters shown of a source line."""

_PLAIN = re.compile(r"[\x20-\x7e]*")
_SPACES = re.compile(r"\s+")
_SHOWN_AS_ESCAPE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of characters without a shape of their own: controls, directions, half pairs, line separators."""


def safe(text: str) -> str:
    """The text on one line, every run of white space one space, every character without a shape as its escape."""
    return visible(_SPACES.sub(" ", text).strip())


def visible(text: str) -> str:
    """The text with every character that has no shape of its own as its escape, line ends and tabs too."""
    if _PLAIN.fullmatch(text):
        return text
    hidden = {letter for letter in text if unicodedata.category(letter) in _SHOWN_AS_ESCAPE}
    return "".join(letter.encode("unicode_escape").decode() if letter in hidden else letter for letter in text)


def source_line(text: str) -> str:
    """A line of code: its inner spacing kept, tabs as spaces, the rest as in `visible`; the end of a very long one is left out."""
    return shortened(visible(text.strip().expandtabs(4)), LONGEST_CODE)


def shortened(text: str, length: int) -> str:
    """The first `length` characters of the text, with a mark where there are more."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
