"""What a rewrite did to a model, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from reluctant.errors import UsageError
from reluctant.instrument.patches import MODULE_CLASS, assign
from reluctant.layout import wrap

WIDTH = 80
"""Columns of the text: what every terminal has."""


@dataclass(frozen=True)
class Changed:
    """One place of a model that a rewrite changed."""

    path: str
    """Its path in the model, ``encoder.layers.0.act``; the first where it has several. The model itself is ``(model)``."""
    was: str
    """``nn.GELU``."""
    now: str
    """``reluctant.nn.GELU``."""
    why: str
    """What is gained."""
    also: tuple[str, ...] = ()
    """Its other paths, where it is shared."""


@dataclass(frozen=True)
class Unchanged:
    """One place of a model that a rewrite left as it is."""

    path: str
    what: str
    """``nn.ReLU``, or the call as it is written."""
    why: str
    """The reason, and what to do where something can be done."""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelEdit:
    """One exchange: of a module or an attribute that `owner` holds, or of its class, and then its data, hooks and identity stay.

    It is data, so that it is copied and pickled with the model that it was done to.
    """

    path: str
    owner: torch.nn.Module
    name: str
    """What `owner` has it as; its class as ``__class__``."""
    was: Any
    now: Any

    @property
    def stands(self) -> bool:
        """Whether what was put there is there still."""
        return getattr(self.owner, self.name, None) is self.now

    def undo(self) -> None:
        """Take it back."""
        _set(self.owner, self.name, self.was)


@dataclass(frozen=True)
class Rewrite:
    """What a rewrite did, place by place; `str` is a text for a person.

    Copied or pickled together with its model, as one object that holds both, it can undo what was done to that copy. Copied or pickled
    alone it brings a model of its own, which is its `model`, and leaves the first one as it is.
    """

    name: str
    promise: str
    """How far the model still computes the same, in a sentence."""
    model: torch.nn.Module = field(repr=False, compare=False)
    """What it was done to, and what `undo` puts back."""
    changed: tuple[Changed, ...] = ()
    unchanged: tuple[Unchanged, ...] = ()
    edits: tuple[ModelEdit, ...] = field(default=(), repr=False, compare=False)

    def undo(self) -> None:
        """Put the model back as it was.

        Raises `UsageError`, and changes nothing, where a place no longer holds what the rewrite put there.
        """
        gone = [edit.path for edit in self.edits if not edit.stands]
        if gone:
            raise UsageError(
                f"{', '.join(gone)} no longer {'holds' if len(gone) == 1 else 'hold'} what {self.name} put there",
                advice="It was undone already, or changed since by something else, which must be undone first",
            )
        for edit in reversed(self.edits):
            edit.undo()

    def __str__(self) -> str:
        count = len(self.changed)
        head = f"{self.name}: {count} {'place' if count == 1 else 'places'} changed, {len(self.unchanged)} left."
        lines = wrap(f"{head} {self.promise}" if self.changed else head, WIDTH)
        changed = [(_paths(entry), f"{entry.was} → {entry.now}", entry.why) for entry in self.changed]
        unchanged = [(_paths(entry), entry.what, entry.why) for entry in self.unchanged]
        for title, entries in (("changed", changed), ("left", unchanged)):
            if entries:
                lines += ["", title, *_listed(entries)]
        return "\n".join(lines)


def exchanged(path: str, owner: torch.nn.Module, name: str, now: Any) -> ModelEdit:
    """Put `now` where `owner` has something as `name`: in its modules or its attributes, or as its class."""
    was = getattr(owner, name)
    _set(owner, name, now)
    return ModelEdit(path, owner, name, was, now)


def _set(owner: torch.nn.Module, name: str, value: Any) -> None:
    if name == "__class__":
        assign(MODULE_CLASS, value, owner, name)
    elif isinstance(value, torch.nn.Module):
        owner.register_module(name, value)
    else:
        vars(owner)[name] = value


def _paths(entry: Changed | Unchanged) -> str:
    return f"{entry.path} (also {', '.join(entry.also)})" if entry.also else entry.path


def _listed(entries: Sequence[tuple[str, str, str]]) -> list[str]:
    """Lines of all entries of path, what and why; those that differ in their path alone are told together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for path, what, why in entries:
        alike.setdefault((what, why), []).append(path)
    lines: list[str] = []
    for (what, why), paths in alike.items():
        between = "; " if any(", " in path for path in paths) else ", "
        lines += [*wrap(f"{between.join(paths)}: {what}", WIDTH, "  ", "    "), *wrap(why, WIDTH, "      ", "      ")]
    return lines
