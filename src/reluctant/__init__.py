"""Find out why a network is reluctant to learn, prove the cure, and make its activations cheaper."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import nn
    from .exam import Exam, watch
    from .prove import CompareResult, TreatResult, compare, treat
    from .rewrites import lean

__version__ = "0.1.0"

__all__ = ["CompareResult", "Exam", "TreatResult", "__version__", "compare", "lean", "nn", "treat", "watch"]

_WHERE = {
    "CompareResult": "prove", "Exam": "exam", "TreatResult": "prove", "compare": "prove", "lean": "rewrites", "treat": "prove",
    "watch": "exam",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load a public name on first use, so that ``import reluctant`` stays cheap."""
    if name == "nn":
        return import_module(".nn", __name__)
    if name not in _WHERE:
        raise AttributeError(f"module 'reluctant' has no attribute {name!r}; it has {', '.join(sorted(__all__))}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
