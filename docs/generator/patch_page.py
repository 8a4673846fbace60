"""The page of what Reluctant replaces in a process, and of the private names of torch that it reads, from their tables."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.instrument.patches import every_patch
from reluctant.instrument.torch_private import every_name

INTRODUCTION = """\
# What is replaced

All that Reluctant replaces, adds or switches in a process goes through one ledger. What is put back is put back in any order: watchers may
overlap. `reluctant info --patches` prints this list, and says which of the private names below the installed torch has.

| what | why | put back when |
|---|---|---|"""

NAMES = """\
## Private names of torch

They may go with any version. What is *needed* ends the watching, which the report then says first; without the others it goes on.

| name | seen in torch | without it | needed by |
|---|---|---|---|"""


def patch_page() -> dict[str, str]:
    """The text of the page by its path."""
    return {"patches.md": "\n".join([INTRODUCTION, *_patches(), "", NAMES, *_names(), ""])}


def _patches() -> Iterator[str]:
    for patch in every_patch():
        yield f"| `{patch.path}` | {patch.reason} | {patch.put_back} |"


def _names() -> Iterator[str]:
    for entry in every_name():
        yield f"| `{entry.path}` | {entry.seen} | {entry.lost} | {', '.join(entry.parts.split()) if entry.is_needed else ''} |"
