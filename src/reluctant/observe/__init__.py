"""Watches a training script without touching it; fills a Recording."""

from ._observer import Observer

__all__ = ["Observer"]
