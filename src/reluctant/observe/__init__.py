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
    try:
        from ._observer import Observer
    except AttributeError as error:  # python would turn it into "cannot import name 'Observer'", and hide what it was about
        raise ImportError(f"the observer cannot be loaded: {error}") from error
    return Observer
