"""A place in the user's code, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the user's code."""

    file: str
    line: int
    function: str = ""
    code: str = ""
    """The source line, stripped; empty where it could not be read."""
