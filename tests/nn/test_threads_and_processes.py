"""Activations give the same from several threads, on any number of torch's threads, in forked processes and in data-parallel training."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from reluctant.activations import Gated
from reluctant.nn import functional
from tests.kernels.forced import ALL, KERNELS, every, fits, gradients, numbers, of_kernels, serving, subject

PLACE = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PLACE), str(PLACE / "src")])}

pytestmark = of_kernels


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    yield lambda count: torch.set_num_threads(count)
    torch.set_num_threads(before)


SHAPES = {"vectors": (2 * 32768 + 17, 1), "channels": (2, 6, 11003), "columns": (11003, 6), "few columns": (5, 6, 3)}
OF_CHANNELS = [one for one in ALL if one.learned]


@every
def test_the_same_bits_on_one_thread_and_on_two(activation, two_threads):
    assert_same_bits(activation, numbers(*SHAPES["columns"]), two_threads)


@pytest.mark.parametrize("activation", OF_CHANNELS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_sums_over_channels_have_the_same_bits(activation, dtype, shape, two_threads):
    x = numbers(*SHAPES[shape], dtype=dtype)
    if fits(activation, x):
        assert_same_bits(activation, x, two_threads)


def assert_same_bits(activation, x, two_threads):
    case = subject(activation)
    inputs, g = case.inputs(x), numbers(*x.shape, dtype=x.dtype)
    with serving(KERNELS):
        two_threads(1)
        alone = gradients(case.ours, inputs, g)
        two_threads(2)
        together = gradients(case.ours, inputs, g)
    assert all(map(torch.equal, alone, together))


def test_draws_are_the_same_on_one_thread_and_on_two(two_threads):
    x = numbers(100_003)

    def drawn(threads):
        two_threads(threads)
        torch.manual_seed(1)
        return gradients(lambda x: functional.rrelu(x, training=True), [x], torch.ones_like(x))

    with serving(KERNELS):
        assert all(map(torch.equal, drawn(1), drawn(2)))


def test_pairs_of_halves_are_the_same_on_one_thread_and_on_two(two_threads):
    from reluctant import nn

    with serving(KERNELS):
        for name in [type(one).__name__ for one in ALL if isinstance(one, Gated)]:
            for shape in ((1, 2 * 40_000), (40_000, 2), (700, 2 * 97)):
                results = []
                for threads in (1, 2):
                    two_threads(threads)
                    results.append(gradients(getattr(nn, name)(), [numbers(*shape)]))
                assert all(map(torch.equal, *results))


def test_several_threads_at_once():
    cases = [subject(activation) for activation in ALL]
    inputs = [case.inputs(numbers(500, 6)) for case in cases]
    with serving(KERNELS):
        alone = [gradients(case.ours, tensors) for case, tensors in zip(cases, inputs, strict=True)]

        def work(start):
            order = [(start * 7 + index) % len(cases) for index in range(len(cases))]
            return all(all(map(torch.equal, alone[i], gradients(cases[i].ours, inputs[i]))) for i in order)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(work, range(12)))


FORKS = """
import multiprocessing, torch
from reluctant import nn
from tests.kernels.forced import numbers, serving

def train(seed):
    with serving("kernels"):
        x = numbers(50_000).requires_grad_()
        y = nn.functional.elu(nn.functional.mish(x))
        return float(torch.autograd.grad(y.sum(), x)[0].double().sum())

if __name__ == "__main__":
    torch.set_num_threads(1)
    forked = multiprocessing.get_context("fork")
    before = train(0)
    with forked.Pool(2) as pool:
        assert pool.map(train, range(4)) == [before] * 4
    torch.set_num_threads(2)
    with serving("kernels"):
        nn.functional.mish(numbers(50_000))
    process = forked.Process(target=nn.functional.mish, args=(numbers(100),))
    process.start(), process.join(60)
    assert process.exitcode == 0, process.exitcode
    print("same")
"""

PARALLEL = """
import os, sys, torch
import torch.distributed as dist, torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel
from reluctant import nn
from tests.kernels.forced import serving

def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 16), nn.PReLU(16), torch.nn.Linear(16, 16), nn.SwiGLU(),
                               nn.Linear(8, 8), nn.Mish(), nn.LinearActivation(8, 1, "elu"))

def steps(model, data):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(data).square().mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])

def process(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    with serving("kernels"):
        torch.manual_seed(1)
        data = torch.randn(32, 6)
        together = steps(DistributedDataParallel(network()), data[rank::2])
        torch.testing.assert_close(together, steps(network(), data), rtol=1e-4, atol=1e-6)
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.start_processes(process, args=(sys.argv[1],), nprocs=2, start_method="fork")
    print("same")
"""


FIRST_CALLS = """
import torch
from torch._subclasses import FakeTensorMode
from reluctant import nn
from tests.kernels.forced import serving

def inside(mode):
    def call(module, x):
        with mode:
            module(x)
    return call

firsts = {
    "CELU": inside(torch.device("meta")),
    "Mish": lambda module, x: torch.func.grad(lambda x: module(x).float().sum())(x),
    "Softplus": lambda module, x: torch.func.jvp(module, (x,), (x,)),
    "Tanh": inside(FakeTensorMode(allow_non_fake_inputs=True)),
    "ELU": lambda module, x: torch.func.functionalize(module)(x),
    "SwiGLU": inside(torch.device("meta")),
}
with serving("kernels"):
    x = torch.linspace(-3, 3, 1000).bfloat16()
    for name, first in firsts.items():
        first(getattr(nn, name)(), x)
        by_torch = getattr(torch.nn, name, lambda: lambda x: torch.nn.functional.silu(x[:500]) * x[500:])()
        torch.testing.assert_close(getattr(nn, name)()(x), by_torch(x))
print("same")
"""
"""Where the first call of an activation is one that no kernel serves: what is made for its kernel must serve all later calls."""


@pytest.mark.parametrize("script", [FORKS, PARALLEL, FIRST_CALLS], ids=["forks", "parallel", "first calls"])
def test_in_processes(script, tmp_path):
    (tmp_path / "script.py").write_text(script)
    line = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
    ended = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout == "same\n"
