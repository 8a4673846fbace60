"""A gated pair that one kernel computes hides its gate, and the recording says so."""

from __future__ import annotations

import pytest
import torch

import reluctant
from reluctant.activations import get
from reluctant.kernels._choice import kernel_for
from reluctant.kernels._library import library


@pytest.mark.skipif(not library(), reason="no compiled kernel here: torch's operators show the gate")
def test_the_gate_of_a_kernel_is_reported_as_not_observed():
    kernel = kernel_for(get("swiglu"), torch.float32)
    layer, head = torch.nn.Linear(8, 16), torch.nn.Linear(8, 1)
    with reluctant.watch() as exam:
        for _ in range(3):
            head(kernel.of_halves(layer(torch.randn(32, 8)))).square().mean().backward()
    assert "the gate inside swiglu" in {note.what for note in exam.recording.not_observed}
