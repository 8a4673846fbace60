"""The catalogue in torch: the operators that compute its activations, torch's functions for them, and its formulas on tensors.

What torch calls an activation is written in the activation's own file, as text. This package turns the text into torch's own objects, for
all who look for activations in a program: where autograd's graph is read, where calls are treated, where modules are rewritten.
"""

from __future__ import annotations

from ._arithmetic import Tensors, tensors
from ._functions import TorchFunction, activation_functions, spelled
from ._torch_operator import direct_operator, torch_form, torch_operator

__all__ = ["Tensors", "TorchFunction", "activation_functions", "direct_operator", "spelled", "tensors", "torch_form", "torch_operator"]
