"""Times as a person writes them."""

from __future__ import annotations

import re

from reluctant.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smh]?)", re.IGNORECASE)


def seconds_in(text: str, where: str = "") -> float:
    """The seconds of ``90``, ``90s``, ``10m``, ``1h30m``. Raises `UsageError` where it is no time above 0."""
    compact = text.strip()
    total = sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(compact))
    if not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", compact, re.IGNORECASE) or total <= 0:
        raise UsageError(f"{text!r} is no length of time", where=where, advice="Write it as 90s, 10m or 1h30m")
    return total
