"""What a claim comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ._text import Text


class Verdict(Enum):
    """The three answers a claim can have."""

    HOLDS = "holds"
    CONDITIONS = "holds under these conditions"
    NOT_HERE = "does not hold here"

    @property
    def words(self) -> Text:
        """The answer in every language."""
        return _WORDS[self]


_WORDS = {
    Verdict.HOLDS: Text("holds", "成立"),
    Verdict.CONDITIONS: Text("holds under these conditions", "在下列条件下成立"),
    Verdict.NOT_HERE: Text("does not hold here", "在此不成立"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a claim, and what it rests on."""

    verdict: Verdict
    because: tuple[Text, ...]
    """One sentence or two for each part of the claim, with the measured numbers; first what decides."""
