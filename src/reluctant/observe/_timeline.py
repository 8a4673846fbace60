"""A record over time whose length is bounded."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Timeline(Generic[T]):
    """Keeps the first entries, the latest, and ever fewer of those between, at most `capacity` in all."""

    def __init__(self, capacity: int = 192, first: int = 16) -> None:
        self._capacity, self._first = capacity, first
        self._entries: list[T] = []
        self._stride = 1
        self._skipped = 0
        self._last: T | None = None

    def append(self, entry: T) -> None:
        """Add the latest entry."""
        self._last = entry
        if self._skipped + 1 < self._stride and len(self._entries) >= self._first:
            self._skipped += 1
            return
        self._skipped = 0
        self._entries.append(entry)
        if len(self._entries) >= self._capacity:
            self._entries = self._entries[: self._first] + self._entries[self._first :: 2]
            self._stride *= 2

    def entries(self) -> tuple[T, ...]:
        """What is kept, in order, the latest entry always among them."""
        if self._last is None or self._entries[-1] is self._last:
            return tuple(self._entries)
        return (*self._entries, self._last)

    @property
    def last(self) -> T | None:
        """The latest entry."""
        return self._last
