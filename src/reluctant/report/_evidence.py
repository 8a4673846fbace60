"""The numbers behind a finding, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reluctant.numbers import fine_percent, value

from ._safe_text import safe, shortened

MOST_ITEMS = 8
"""Items shown of the evidence, and of a list in it; the file has them all."""

LONGEST_TEXT = 80
"""Characters shown of a text in the evidence."""


def evidence_in_words(evidence: Mapping[str, Any]) -> str:
    """The evidence on one line: ``dead 83 %, samples 48,640``; what is None was not measured and is left out."""
    return _joined([f"{_name(str(name))} {_in_words(str(name), item)}" for name, item in evidence.items() if item is not None])


def _name(name: str) -> str:
    return safe(name).removesuffix("_share").replace("_", " ")


def _in_words(name: str, item: Any) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, (int, float)):
        return fine_percent(item) if name.endswith("share") else value(item)
    if isinstance(item, (list, tuple)):
        return f"[{_joined([_in_words(name, part) for part in item])}]"
    if isinstance(item, Mapping):
        return f"({evidence_in_words(item)})"
    return shortened(safe(str(item)), LONGEST_TEXT)


def _joined(items: list[str]) -> str:
    more = [f"and {len(items) - MOST_ITEMS} more"] if len(items) > MOST_ITEMS else []
    return ", ".join([*items[:MOST_ITEMS], *more])
