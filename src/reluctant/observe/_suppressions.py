"""Reads the comments by which a user silences a rule on one line."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable

from reluctant.recording import Location

_COMMENT = re.compile(r"#\s*reluctant:\s*ignore\s*\[([^\]]*)\]")


def suppressions(places: Iterable[Location | None]) -> tuple[tuple[str, int, str], ...]:
    """(file, line, selector) for each ``# reluctant: ignore[RL201, dead-units]`` on one of the lines."""
    found: dict[tuple[str, int, str], None] = {}
    for file, line in dict.fromkeys((p.file, p.line) for p in places if p is not None):
        comment = _COMMENT.search(linecache.getline(file, line))
        for selector in comment.group(1).split(",") if comment else ():
            if selector.strip():
                found[file, line, selector.strip()] = None
    return tuple(found)
