"""The catalogue of activations: what each one is, and what follows from it. One file each; never imports torch.

``get("elu(alpha=0.5)")`` gives an activation, `all_activations` all of them, ``ELU(alpha=0.5)`` is the same by its class: every class of
the catalogue can be imported from here.
"""

from __future__ import annotations

from ._activation import Activation, Case, CustomaryGain, parameter
from ._arithmetic import OPERATIONS, Arithmetic, Value, floats
from ._axis_wise import AXIS_WISE, AxisWise
from ._catalogue import all_activations, definitions, find, get
from ._expectation import expectation
from ._gated import Gated
from ._page import Page, page, page_of
from ._shape import FLAT_SLOPE, Interval, Kink, Range, SampledFormula
from ._traits import Traits

__all__ = [
    "AXIS_WISE", "FLAT_SLOPE", "OPERATIONS", "Activation", "Arithmetic", "AxisWise", "Case", "CustomaryGain", "Gated", "Interval", "Kink",
    "Page", "Range", "SampledFormula", "Traits", "Value", "all_activations", "definitions", "expectation", "find", "floats", "get", "page",
    "page_of", "parameter",
]


def __getattr__(name: str) -> object:
    """The class of an activation of the catalogue."""
    if name[:1].isupper():
        for definition in definitions().values():
            if definition.__name__ == name:
                return definition
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
