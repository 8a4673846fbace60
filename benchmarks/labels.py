"""The labels of the scripts in ``cases``: what must, may and must not be said about each of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).parent / "cases"

KINDS = ("faulty", "healthy", "so109")
"""Each is a folder of `CASES` with a file of labels beside it."""


@dataclass(frozen=True)
class Expected:
    """One finding that must come."""

    code: str
    codes: frozenset[str]
    """Any of these will do; `code` is one of them."""
    lines: frozenset[int]
    """Any of these is the right place; empty where there is no single line."""

    def is_right_place(self, line: int) -> bool:
        """Whether a finding at `line` is where it belongs."""
        return not self.lines or line in self.lines


@dataclass(frozen=True)
class Case:
    """One labelled script."""

    kind: str
    file: str
    expected: tuple[Expected, ...]
    allowed: frozenset[str]
    """Codes that are also true."""
    banned: frozenset[str]
    """Codes, and ``cause: KIND``, that must not be said."""
    causes: frozenset[str]
    """Right causes; empty where none is labelled, and any is right."""
    scored: bool
    """False where the fault is outside what Reluctant judges, or is in doubt."""
    published: Mapping[str, bool]
    """By published tool: whether it located the fault."""
    fixes: tuple[str, ...] = ()
    """Treatments that were measured to cure it, with or without arguments."""
    not_fixes: tuple[str, ...] = ()
    """Plausible ones that were measured not to."""

    @property
    def name(self) -> str:
        """Folder and file: ``faulty/01_ring_points.py``."""
        return f"{self.kind}/{self.file}"

    @property
    def path(self) -> Path:
        """The script."""
        return CASES / self.kind / self.file


def labelled_cases(kinds: tuple[str, ...] = KINDS) -> tuple[Case, ...]:
    """All cases of these kinds, in the order of the labels."""
    return tuple(case for kind in kinds for case in _labels(kind))


def _labels(kind: str) -> tuple[Case, ...]:
    with (CASES / f"{kind}.toml").open("rb") as stream:
        return tuple(case_of(kind, entry) for entry in tomllib.load(stream)["case"])


def case_of(kind: str, entry: Mapping[str, Any]) -> Case:
    """The case that one ``[[case]]`` table describes."""
    return Case(
        kind,
        entry["file"],
        tuple(_expected(expected) for expected in entry.get("expect", ())),
        frozenset(entry.get("allow", ())),
        frozenset(entry.get("must_not", ())),
        frozenset({entry["cause"], *entry["causes_also"]}) if "cause" in entry else frozenset(),
        entry.get("in_scope", True) and not entry.get("doubtful", False),
        entry.get("published", {}),
        tuple(entry.get("fixes", ())),
        tuple(entry.get("not_fixes", ())),
    )


def _expected(entry: Mapping[str, Any]) -> Expected:
    lines = {entry.get("line", 0), *entry.get("lines", ())} - {0}
    return Expected(entry["code"], frozenset({entry["code"], *entry.get("any_of", ())}), frozenset(lines))
