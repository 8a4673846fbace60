"""The catalogue of activations: what each one is, and what follows from it. One file each; never imports torch.

``get("elu(alpha=0.5)")`` gives an activation, `all_activations` all of them, ``ELU(alpha=0.5)`` is the same by its class: every class of
the catalogue can be imported from here.
"""

from __future__ import annotations

from ._activation import Activation, Case, CustomaryGain, parameter
from ._arithmetic import Arithmetic, Value
from ._catalogue import all_activations, definitions, find, get
from ._gated import Gated

__all__ = [
    "FLAT_SLOPE", "Activation", "Arithmetic", "Case", "CustomaryGain", "Gated", "Interval", "Kink", "Range", "Traits", "Value",
    "all_activations", "definitions", "find", "get", "page", "parameter",
]

_ON_USE = {"FLAT_SLOPE": "_shape", "Interval": "_shape", "Kink": "_shape", "Range": "_shape", "Traits": "_traits", "page": "_page"}
"""Names that few need, with the modules that are imported when they are first asked for."""


def __getattr__(name: str) -> object:
    """A public name that is loaded on use, or the class of an activation of the catalogue."""
    import importlib

    if name in _ON_USE:
        return getattr(importlib.import_module(f".{_ON_USE[name]}", __name__), name)
    if name[:1].isupper():
        for definition in definitions().values():
            if definition.__name__ == name:
                return definition
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
