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
    from ._arithmetic import tensors
    from ._choice import Choice, Choices, choice, function, halves, kernel_for, measuring, served, served_halves
    from ._eligible import eligible
    from ._kernel import KernelFunction
    from ._library import ELEMENT_TYPES, library
    from ._torch_operator import torch_operator

__all__ = [
    "ELEMENT_TYPES", "SYMBOLS", "Choice", "Choices", "KernelFormula", "KernelFunction", "Signature", "Term", "Trace", "choice", "eligible",
    "fingerprint", "formulas", "function", "halves", "in_order", "kernel_for", "library", "measuring", "served", "served_halves",
    "signature", "signatures", "tensors", "torch_operator",
]

_ON_USE = {
    "ELEMENT_TYPES": "_library", "Choice": "_choice", "Choices": "_choice", "KernelFunction": "_kernel", "choice": "_choice",
    "eligible": "_eligible", "function": "_choice", "halves": "_choice", "kernel_for": "_choice", "library": "_library",
    "measuring": "_choice", "served": "_choice", "served_halves": "_choice", "tensors": "_arithmetic", "torch_operator": "_torch_operator",
}
"""Names that need torch, with the modules that are imported when they are first asked for."""


def __getattr__(name: str) -> object:
    if name not in _ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ON_USE[name]}", __name__), name)
