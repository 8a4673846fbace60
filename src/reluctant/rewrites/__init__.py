"""Rewrites of a model in place: each lists what it changed, what it left and why, and can be undone."""

from ._lean import lean
from ._rewrite import Changed, Rewrite, Unchanged

__all__ = ["Changed", "Rewrite", "Unchanged", "lean"]
