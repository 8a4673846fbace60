"""Prose on lines of a given width, in scripts with and without spaces."""

from __future__ import annotations

import re

from rich.cells import cell_len

TOKEN = re.compile(r"[\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF\u3000-\u303F]|[^\s\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF\u3000-\u303F]+|\s+")
"""One Chinese letter, a word of other letters, or the space between words."""

CLOSING = "，。；：！？、）」』”’》,.;:!?)"
"""What does not begin a line."""


def wrap(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """The text on lines of at most `width` cells, the first after `first`, the others after `then`.

    A word is never cut; a line breaks between Chinese letters, but not before what closes a phrase.
    """
    lines, line, begin = [], first, len(first)
    for token in _tokens(text):
        if len(line) > begin and cell_len(line) + cell_len(token.rstrip()) > width:
            lines.append(line.rstrip())
            line, begin = then, len(then)
        line += token if len(line) > begin else token.lstrip()
    return [*lines, line.rstrip()]


def _tokens(text: str) -> list[str]:
    """The words and letters, what closes a phrase together with what it closes, and a percent sign with its number."""
    joined: list[str] = []
    for token in TOKEN.findall(" ".join(text.replace(" %", "\0%").split())):
        if joined and token[0] in CLOSING:
            joined[-1] += token
        else:
            joined.append(token)
    return [token.replace("\0", " ") for token in joined]
