"""Activations as functions: torch.nn.functional's names, arguments and defaults, for the whole catalogue.

Each function is made from the catalogue. Names that are not an activation's are torch.nn.functional's own.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional

from reluctant.activations import definitions

from ._functions import function_for

_NAMES = {definition.torch_function or name: definition for name, definition in definitions().items()}

globals().update({name: function_for(definition) for name, definition in _NAMES.items()})

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    """What torch.nn.functional has and the catalogue has not."""
    if not hasattr(torch.nn.functional, name):
        raise AttributeError(f"reluctant.nn.functional has no {name!r}, and torch.nn.functional has none")
    return getattr(torch.nn.functional, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(torch.nn.functional)})
