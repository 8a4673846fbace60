"""Watches a training script without touching it; fills a Recording.

The observer imports torch, and the parts that run a script must not: so it is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._observer import Observer

__all__ = ["Observer"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._observer import Observer

    return Observer
