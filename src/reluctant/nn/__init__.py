"""Activations as modules: drop-in for torch.nn, faster where torch is not at the limit, and lean in what they keep for backward.

``from reluctant import nn`` gives every module of the catalogue under torch's name (``nn.ELU(alpha=0.5)``), those that torch has no module
for under the paper's (``nn.SwiGLU()``, ``nn.SquaredReLU()``), and all the rest of torch.nn as it is. State dicts are torch's.
"""

from __future__ import annotations

from typing import Any

import torch.nn

from . import functional
from ._modules import MODULES as MODULES
from ._modules import activation_of as activation_of
from .linear_activation import LinearActivation

globals().update(MODULES)

__all__ = [*sorted(MODULES), "LinearActivation", "functional"]


def __getattr__(name: str) -> Any:
    """What torch.nn has and the catalogue has not."""
    if not hasattr(torch.nn, name):
        meant = [f"{spelled!r}" for spelled in __all__ if spelled.casefold() == name.casefold()]
        raise AttributeError(f"reluctant.nn has no {name!r}" + (f"; it is spelled {meant[0]}" if meant else ", and torch.nn has none"))
    return getattr(torch.nn, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(torch.nn)})
