"""How much memory a tree of plain data takes."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from typing import Any


def memory_bytes(value: Any) -> int:
    """Bytes of `value` and of everything it holds, what is shared counted once."""
    seen: set[int] = set()
    todo, total = [value], 0
    while todo:
        item = todo.pop()
        if id(item) not in seen:
            seen.add(id(item))
            total += sys.getsizeof(item)
            todo.extend(_parts(item))
    return total


def _parts(value: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(value):
        yield from (getattr(value, field.name) for field in dataclasses.fields(value))
    elif isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, (tuple, list)):
        yield from value
