"""What a user installs: a pure wheel in seconds and without a compiler, the kernels beside it, and never a wheel without them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import compile_kernels

ROOT = Path(__file__).parent.parent
MISSING = [name for name in ("hatchling", "pip") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"wheels are built by hatchling and installed by pip; here {', '.join(MISSING)} is missing"),
]
of_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))) or sys.platform != "linux", reason="no C++ compiler of Linux is here"
)

SECONDS = 10.0
"""Of the processor in which the pure wheel is installed: they do not grow with what else runs on the machine. It took 1.1 (AMD EPYC)."""

COMPILERS = ("c++", "g++", "clang++", "cc", "gcc", "clang")


@dataclass(frozen=True)
class Workshop:
    """A copy of the sources and a fresh environment that sees torch and what else is installed here, but nothing of ours."""

    folder: Path

    @property
    def wheels(self) -> Path:
        """Where what is built goes."""
        return self.folder / "dist"

    @property
    def compiled(self) -> Path:
        """What a compiler leaves behind that was run though there should be none."""
        return self.folder / "a compiler ran"

    def python(self, *arguments: str, compiler: bool = False) -> subprocess.CompletedProcess[str]:
        """The fresh environment's Python, with the compilers of this machine or with those that only tell that they were run."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CXX", "CC")}
        environment |= {"PIP_CACHE_DIR": str(self.folder / "cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environment |= {"CXX": str(self.folder / "quick")} if compiler else {"PATH": str(self.folder / "no compilers")}
        python = self.folder / "environment" / "bin" / "python"
        return subprocess.run([str(python), *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=400)

    def installed(self, *requirements: str) -> float:
        """Install from what was built and nothing else; the seconds of the processor that it took."""
        start = _of_children()
        done = self.python("-m", "pip", "install", "--no-index", "--find-links", str(self.wheels), *requirements)
        assert done.returncode == 0, done.stdout + done.stderr
        return _of_children() - start

    def info(self) -> dict[str, object]:
        """What `reluctant info` tells there."""
        done = self.python("-m", "reluctant", "info", "--json", "mish")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def _of_children() -> float:
    """Processor time of the processes that ended."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    """Both source trees as a checkout has them, the pure wheel, and an environment with nothing of ours in it."""
    folder = tmp_path_factory.mktemp("workshop")
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    for name in ("src", "native"):
        shutil.copytree(ROOT / name, folder / "tree" / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "tree" / name)
    venv.create(folder / "environment")
    beside = folder / "beside"
    beside.mkdir()
    for place in {Path(importlib.import_module(name).__file__).parents[1] for name in ("torch", "hatchling")}:
        for entry in place.iterdir():
            of_ours = entry.name.startswith(("reluctant", "_reluctant")) or entry.suffix == ".pth"
            if not of_ours and not (beside / entry.name).exists():
                (beside / entry.name).symlink_to(entry)
    (packages,) = (folder / "environment" / "lib").glob("python*/site-packages")
    (packages / "beside.pth").write_text(f"{beside}\n")
    made = Workshop(folder)
    (folder / "no compilers").mkdir()
    for name in COMPILERS:
        script = folder / "no compilers" / name
        script.write_text(f"#!/bin/sh\n: > '{made.compiled}'\nexit 1\n")
        script.chmod(0o755)
    # Unoptimised, in a third of the time: whether there is a wheel does not depend on it.
    (folder / "quick").write_text(f'#!/bin/sh\nexec {shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")} "$@" -O0\n')
    (folder / "quick").chmod(0o755)
    done = built(made, str(folder / "tree"))
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def built(workshop: Workshop, source: str, *, compiler: bool = False) -> subprocess.CompletedProcess[str]:
    """Build a wheel of a source tree or a source distribution."""
    line = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(workshop.wheels), source)
    return workshop.python(*line, compiler=compiler)


def test_the_pure_wheel_installs_in_seconds_and_no_compiler_runs(workshop):
    (wheel,) = workshop.wheels.glob("reluctant-*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".so", ".cpp", ".h"))]
    seconds = workshop.installed("reluctant")
    print(f"pip install of the pure wheel: {seconds:.1f} s of the processor")
    assert seconds < SECONDS
    assert not workshop.compiled.exists()
    info = workshop.info()
    assert info["kernels"] == ""
    assert {row["by"] for row in info["served"]} == {"torch"}
    if "DEFAULT" not in info["capability"]:
        assert "pip install 'reluctant[kernels]'" in info["no_kernels"]


@of_compiler
def test_without_a_compiler_no_wheel_is_built_and_with_one_it_has_kernels(workshop):
    """First without, then with one, from one source distribution and through one cache of pip: nothing stale is left between."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(workshop.wheels)],
        cwd=workshop.folder / "tree" / "native", capture_output=True, text=True, timeout=100,
    )
    assert done.returncode == 0, done.stderr
    (sdist,) = workshop.wheels.glob("reluctant_kernels-*.tar.gz")
    for name in COMPILERS:
        (workshop.folder / "no compilers" / name).unlink()
    refused = built(workshop, str(sdist))
    assert refused.returncode != 0
    assert "reluctant-kernels cannot be built here: no C++ compiler was found. Install one" in refused.stdout + refused.stderr
    assert not list(workshop.wheels.glob("reluctant_kernels-*.whl"))

    shutil.rmtree(workshop.folder / "tree")  # the source distribution is enough
    start = time.perf_counter()
    done = built(workshop, str(sdist), compiler=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"building the kernels from the source distribution: {time.perf_counter() - start:.1f} s")
    (wheel,) = workshop.wheels.glob("reluctant_kernels-*.whl")
    assert wheel.name.endswith("-py3-none-manylinux_2_17_x86_64.whl")
    assert {f"reluctant_kernels/{level}.so" for level in compile_kernels.LEVELS} <= set(zipfile.ZipFile(wheel).namelist())

    sdist.unlink()
    print(f"pip install 'reluctant[kernels]' from the wheels: {workshop.installed('reluctant[kernels]'):.1f} s of the processor")
    info = workshop.info()
    capable = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    assert bool(info["kernels"]) == capable, info["no_kernels"]
    kernels = "from reluctant.activations import get; from reluctant.kernels import kernel_for; import torch"
    ran = workshop.python("-c", f"{kernels}\nassert kernel_for(get('mish'), torch.float32) is not None")
    assert ran.returncode == 0 or not capable, ran.stderr


def test_a_library_that_asks_for_a_newer_system_is_not_called_one_of_manylinux(tmp_path):
    hatch_build = importlib.import_module("hatch_build")
    old, new = tmp_path / "old.so", tmp_path / "new.so"
    old.write_bytes(b"\0GLIBC_2.2.5\0GLIBC_2.14\0")
    new.write_bytes(b"\0GLIBC_2.34\0")
    assert hatch_build.platform_of([old]) == "manylinux_2_17_x86_64"
    assert hatch_build.platform_of([old, new]) == "linux_x86_64"
