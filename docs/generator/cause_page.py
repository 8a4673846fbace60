"""The page of the kinds of causes, from their table and from what the treatments remove."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.recording import CAUSES, CauseKind
from reluctant.treatments import all_treatments

INTRODUCTION = """\
# Causes

A finding says what is wrong and, where evidence speaks for one, why: its *cause*. What removes the cause is tried first. A cause is
*verified* when a treatment that removes it was verified against the finding in [trials](comparing.md): then both are gone. Where
nothing removes a kind of cause, this page says why only the author of the script can.

| cause | meaning | what removes it |
|---|---|---|"""


def cause_page() -> dict[str, str]:
    """The text of the page by its path."""
    return {"causes.md": "\n".join([INTRODUCTION, *_rows(), ""])}


def _rows() -> Iterator[str]:
    for kind, cause in CAUSES.items():
        yield f"| {kind} | {cause.meaning} | {', '.join(_removed_by(kind)) or cause.only_the_author} |"


def _removed_by(kind: CauseKind) -> Iterator[str]:
    for name, treatment in sorted(all_treatments().items(), key=lambda entry: entry[1].order):
        if kind in treatment.removes or (kind == "none" and treatment.unexplained):
            yield f"[{name}](treatments/{name}.md)"
