"""Fast, lean implementations of the catalogue's activations, and the choice between them.

The C++ is printed from the formulas of the catalogue when the package is installed, so an activation that is added there has its kernel
without being written a second time. Where no compiled kernel can serve (no compiler at installation, another processor, another
device or type, a function transform), torch's own operator does.
"""
