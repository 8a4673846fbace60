"""Fast, lean implementations of the catalogue's activations, and the choice between them.

The kernels follow from the formulas of the catalogue: each is traced once (`formulas`) and printed, as Triton here and as C++ by the
distribution `reluctant-kernels`, which holds the compiled libraries. So an activation that is added to the catalogue has kernels without
being written a second time. Where none can serve (reluctant-kernels is not installed, another processor, another device or type, a
function transform), torch's own operator does. Importing this package does not import torch: what needs it is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._formulas import KernelFormula, fingerprint, formulas
from ._signature import Signature, signature, signatures
from ._trace import SYMBOLS, Term, Trace, in_order

if TYPE_CHECKING:
    from ._choice import Choice, Choices, choice, function, function_by, halves, halves_by, kernel_choices, kernel_for
    from ._eligible import eligible
    from ._kernel import kernel_of_node
    from ._library import ELEMENT_TYPES, library
    from ._measured import KernelMeasurements, KernelSpeed, MachineKind, measurements, measurements_for

__all__ = [
    "ELEMENT_TYPES", "SYMBOLS", "Choice", "Choices", "KernelFormula", "KernelMeasurements", "KernelSpeed", "MachineKind",
    "Signature", "Term", "Trace", "choice", "eligible", "fingerprint", "formulas", "function", "function_by", "halves",
    "halves_by", "in_order", "kernel_choices", "kernel_for", "kernel_of_node", "library", "measurements", "measurements_for",
    "signature", "signatures",
]

_ON_USE = {
    "_choice": ("Choice", "Choices", "choice", "function", "halves", "kernel_for", "kernel_choices", "function_by", "halves_by"),
    "_eligible": ("eligible",),
    "_kernel": ("kernel_of_node",),
    "_library": ("ELEMENT_TYPES", "library"),
    "_measured": ("KernelMeasurements", "KernelSpeed", "MachineKind", "measurements", "measurements_for"),
}
"""Modules that need torch or msgspec, with the names that are loaded from them when they are first asked for."""


def __getattr__(name: str) -> object:
    for module, names in _ON_USE.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
