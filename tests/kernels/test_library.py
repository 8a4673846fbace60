"""The compiled library is found, checked and chosen by the processor; without one there is a reason, and a compiler's failure is told."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest
import torch

import compile_kernels
import print_kernels
from reluctant.activations import definitions, get
from reluctant.kernels import _choice, _library, fingerprint, kernel_for, library, signatures

of_kernels = pytest.mark.compiled

FOLDER = _library._folder()


@pytest.fixture
def forgotten():
    """What is loaded and chosen is forgotten, before and afterwards."""
    caches = [library, _choice.choice]
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def folder(tmp_path, monkeypatch, forgotten):
    """An empty folder in the place of the compiled libraries."""
    monkeypatch.setattr(_library, "_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def avx512(monkeypatch):
    """A processor of which torch reports AVX-512."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")


def test_without_the_package_torch_serves_and_the_reason_says_how_to_get_it(monkeypatch, forgotten, avx512):
    monkeypatch.setattr(_library, "_folder", lambda: None)
    assert not library()
    reason = "the package reluctant-kernels is not installed (pip install 'reluctant[kernels]', or in a checkout pip install ./native)"
    assert library().reason == reason
    assert library().function("elu_forward_float", ["tensor"]) is None
    chosen = _choice.choice(get("elu"), torch.float32)
    assert (chosen.kernel, chosen.reason) == (None, reason)


def test_a_folder_without_libraries(folder, avx512):
    assert library().reason.startswith(f"the package reluctant-kernels at {folder} holds none for this processor; install it again")


def test_a_processor_that_there_are_no_kernels_for(folder, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "NEON")
    assert library().reason == "torch reports the processor's vector instructions as NEON; there are kernels for AVX2 and AVX-512"


@pytest.mark.parametrize("level", compile_kernels.LEVELS)
def test_a_file_that_is_no_library(folder, avx512, level):
    (folder / f"{level}.so").write_bytes(b"not a library")
    assert not library()
    assert library().reason.startswith(f"{folder / level}.so cannot be loaded: ")


@of_kernels
def test_a_library_of_another_interface_is_not_used(monkeypatch, forgotten):
    monkeypatch.setattr(_library, "INTERFACE", _library.INTERFACE + 1)
    assert not library()
    assert f"has interface {_library.INTERFACE - 1} where this reluctant uses {_library.INTERFACE}; upgrade both" in library().reason


@of_kernels
def test_an_edited_formula_turns_its_own_kernel_off_and_no_other(monkeypatch, forgotten):
    elu, mish = get("elu"), get("mish")
    monkeypatch.setattr(type(elu), "derivative", lambda self, m, x: m.where(x > 0, 1.0, 0.5))
    fingerprint.cache_clear()
    try:
        chosen = _choice.choice(elu, torch.float32)
        assert chosen.kernel is None
        assert chosen.reason.startswith("its compiled kernel was made from another formula than the catalogue has now")
        assert kernel_for(elu, torch.bfloat16) is None
        assert kernel_for(mish, torch.float32) is not None
    finally:
        fingerprint.cache_clear()


@of_kernels
def test_a_new_activation_has_no_kernel_and_those_of_others_go_on(forgotten):
    elu = definitions()["elu"]
    quarter = dataclasses.dataclass(frozen=True)(type("Quarter", (elu,), {"name": "quarter", "aliases": {}, "__doc__": elu.__doc__}))
    chosen = _choice.choice(quarter(), torch.float32)
    assert (chosen.kernel, chosen.reason) == (None, "the compiled kernels have none of it")
    assert kernel_for(get("elu"), torch.float32) is not None


@of_kernels
def test_every_form_of_the_catalogue_has_kernels_of_its_present_formula():
    assert {form.name: fingerprint(form) for form in signatures(definitions().values())} == library().fingerprints


def test_a_fingerprint_is_steady_and_tells_formulas_apart():
    found = {}
    for form in signatures(definitions().values()):
        before = fingerprint(form)
        fingerprint.cache_clear()
        assert fingerprint(form) == before
        found.setdefault(before, []).append(form.name)
    assert [names for names in found.values() if len(names) > 1] == [["celu_default", "elu_default"]]  # which are one function


@of_kernels
def test_the_best_level_that_is_there(folder, avx512):
    shutil.copy(FOLDER / "avx2.so", folder)
    assert library().level == "avx2"
    assert library().function("elu_default_forward_float", ["tensor", "tensor", "count"]) is not None


@of_kernels
def test_a_name_that_is_not_in_the_library():
    assert library().function("no_such_kernel", ["tensor"]) is None


@of_kernels
def test_each_caller_has_argument_types_of_its_own():
    one, other = (library().function("table_forward", arguments) for arguments in (["tensor"], ["count", "seed"]))
    assert one is not None
    assert other is not None
    assert [len(function.argtypes) for function in (one, other)] == [1, 2]


def _level() -> str:
    """The level that this processor uses."""
    return next(level for level in _library.CAPABILITIES[torch.backends.cpu.get_cpu_capability()] if (FOLDER / f"{level}.so").exists())


RESULTS = """
import torch
from reluctant.activations import Gated, all_activations, get
from reluctant.kernels import kernel_for, library
from reluctant.operators import tensors

print(library().level or library().reason)
x = torch.randn(1003, generator=torch.Generator().manual_seed(1)) * 4
for activation in [*all_activations(), get("gelu_tanh")] if library() else []:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        kernel, a = kernel_for(activation, dtype), x.to(dtype).requires_grad_()
        if activation.drawn or activation.learned:
            continue
        inputs = (a, a.detach().flip(0).contiguous()) if isinstance(activation, Gated) else (a,)
        y = kernel.of_two(*inputs) if isinstance(activation, Gated) else kernel(a)
        exact = activation.forward(tensors(torch.float64), *(one.detach().double() for one in inputs))
        eps = torch.finfo(dtype).eps
        # In single precision GELU's tanh form is off by that where it is nearly 0: its argument is a sum of large terms.
        near = {"rtol": 1e-5, "atol": 1e-37} if dtype is torch.float32 else {"rtol": eps, "atol": 6e-8}
        torch.testing.assert_close(y.detach().double(), exact, **near)
        (dx,) = torch.autograd.grad(y, a, torch.ones_like(y))
        slope = activation.derivative(tensors(torch.float64), *(one.detach().double() for one in inputs))
        slope = slope[0] if isinstance(activation, Gated) else slope
        torch.testing.assert_close(dx.double(), slope + torch.zeros_like(exact), rtol=4 * eps, atol=16 * eps)
if library():
    torch.manual_seed(0)
    print(kernel_for(get("rrelu"), torch.float32)(-torch.ones(1003)).double().sum().item())
    weight = torch.linspace(-1, 1, 3).requires_grad_()
    y = kernel_for(get("prelu"), torch.float32)(x[:1002].reshape(-1, 3), weight)
    torch.testing.assert_close(y, torch.nn.functional.prelu(x[:1002].reshape(-1, 3), weight))
    (dweight,) = torch.autograd.grad(y.sum(), weight)
    torch.testing.assert_close(dweight, x[:1002].clamp(max=0).reshape(-1, 3).sum(0))
"""


def results(capability: str | None) -> list[str]:
    """What a process prints in which torch takes the processor for one of this capability."""
    environment = {name: value for name, value in os.environ.items() if name != "ATEN_CPU_CAPABILITY"}
    if capability:
        environment["ATEN_CPU_CAPABILITY"] = capability
    ended = subprocess.run([sys.executable, "-c", RESULTS], env=environment, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


@of_kernels
def test_the_levels_compute_alike():
    level, drawn = results("avx2")
    assert level == "avx2"
    here, drawn_here = results(None)
    assert here == _level()
    assert drawn == drawn_here


def test_a_processor_without_vector_instructions():
    wanted = "torch reports the processor's vector instructions as DEFAULT; there are kernels for AVX2 and AVX-512"
    assert results("default") == [wanted]


def test_a_compiler_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/bin/false")
    with pytest.raises(compile_kernels.CannotCompileError, match=r"/bin/false ended with 1 when .* for avx512: no message") as raised:
        compile_kernels.compile_kernels({}, tmp_path)
    assert "Name another compiler in CXX" in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_complains_is_quoted(tmp_path, monkeypatch):
    script = tmp_path / "c++"
    script.write_text("#!/bin/sh\necho 'error: unknown option' >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("CXX", f"{script} --extra")
    with pytest.raises(compile_kernels.CannotCompileError, match=r"ended with 3 when .*error: unknown option"):
        compile_kernels.compile_kernels(print_kernels.sources(), tmp_path / "compiled")


def test_no_compiler(tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(compile_kernels.CannotCompileError, match=r"no C\+\+ compiler was found.*apt-get install g\+\+"):
        compile_kernels.compiler()


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "aarch64"), ("win32", "AMD64")])
def test_a_platform_that_there_are_no_kernels_for(monkeypatch, system, machine):
    monkeypatch.setattr(compile_kernels.sys, "platform", system)
    monkeypatch.setattr(compile_kernels.platform, "machine", lambda: machine)
    with pytest.raises(compile_kernels.CannotCompileError, match=f"there are no kernels for {system} on {machine}"):
        compile_kernels.compiler()


def test_the_compiler_that_is_named_comes_first(monkeypatch):
    monkeypatch.setenv("CXX", "/bin/false -x c++")
    assert compile_kernels.compiler() == "/bin/false -x c++"
