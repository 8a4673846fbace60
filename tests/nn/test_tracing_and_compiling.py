"""What records a model's operations gets torch's own, whatever serves otherwise."""

from __future__ import annotations

import pytest
import torch

import reluctant
from reluctant import nn

MODULES = [nn.GELU(), nn.GELU("tanh"), nn.Softplus(2.0), nn.LeakyReLU(0.2), nn.SquaredReLU(), nn.Hardtanh(-2, 2), nn.CELU(0.5), nn.SwiGLU()]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_compiled_module_computes_the_same(module):
    torch._dynamo.reset()
    x = torch.randn(64, 64)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_an_exported_module_computes_the_same(module):
    x = torch.randn(64, 64)
    torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), module(x))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_traced_module_computes_other_inputs_too(module):
    with torch.no_grad():
        traced = torch.jit.trace(module, torch.randn(512, 64))
        other = torch.randn(512, 64)
        torch.testing.assert_close(traced(other), module(other))


LAYERS = [nn.GELU(), nn.PReLU(), nn.ELU(0.5), nn.LinearActivation(64, 8), nn.LinearActivation(64, 8, "prelu")]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_module_traced_by_fx_computes_the_same(layer):
    x = torch.randn(512, 64)
    torch.testing.assert_close(torch.fx.symbolic_trace(torch.nn.Sequential(layer))(x), layer(x))


def test_the_package_has_nn_without_an_import_of_it():
    assert reluctant.nn is nn
