"""Measures activations on this machine: time, bytes kept for backward and error, beside torch's own and beside the memory's limit."""
