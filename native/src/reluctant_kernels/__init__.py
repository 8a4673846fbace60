"""Compiled kernels of reluctant's activations: libraries for `reluctant.kernels` to load, one for each level of vector instructions."""

__version__ = "0.1.0"
