"""Torch imported before a script asks for it, so that a fork of this process has it at once.

A fork must run a script as a new process would. So torch is out of the script's sight until the script imports it, and what waits for
that import is told as ever. Whatever the script has done that torch reads while it is imported makes the fork start over as a new process.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NoReturn

from reluctant.instrument.patches import HIDDEN_TORCH, LEDGER, TEMPORARY, assign, hide, show

IMPORTED = (
    "torch",
    "torch._dynamo",  # by any optimizer, when it is made
    "reluctant.observe._observer",
    "reluctant.trials._calls",
    "reluctant.trials._call_places",
)
"""What a trial imports after its script has imported torch."""

READ_ON_IMPORT = (
    "AOT_", "ATEN_", "BLIS_", "CUBLAS_", "CUDA_", "CUDNN_", "DNNL_", "GLIBC_", "GOMP_", "GOTO_", "HIP_", "INDUCTOR_", "KINETO_", "KMP_",
    "LD_", "MALLOC_", "MKL_", "NCCL_", "NPY_", "NUMPY_", "NVIDIA_", "OMP_", "ONEDNN_", "OPENBLAS_", "PYTORCH_", "ROCR_", "SYCL_", "TORCH",
    "TRITON_", "XPU_",
)  # fmt: skip
"""How the names of environment variables begin that torch, or a library that it loads, may read while it is imported."""

OF_OTHERS = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "TORCHINDUCTOR_CACHE_DIR")
"""Set by scikit-learn for Intel's OpenMP, and by torch itself for what it reads later."""


def load() -> bool:
    """Import it all; whether this process may be forked afterwards: it has no other thread, and no GPU in use.

    It is forked once for the look at the threads: some libraries end those that they keep ready before a fork, and start them again
    when there is work.
    """
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    if "triton" not in sys.modules:  # Triton complains at the end of a process of what it left, frozen things among it
        gc.freeze()  # forks look through none of this for garbage: that took most of a second at the end of each
    probe = os.fork()
    if not probe:
        os._exit(0)
    os.waitpid(probe, 0)
    return len(os.listdir("/proc/self/task")) == 1 and not sys.modules["torch"].cuda.is_initialized()


def begin(before: Mapping[str, str], start_over: Callable[[], NoReturn]) -> None:
    """Make this fork what a new process is, but for how soon the script has torch.

    `before` is the environment in which torch was imported. `start_over` makes a new process of this one, for a script that needs it.
    """
    assign(TEMPORARY, None)  # found out while modules were imported; this process may have another
    sys.modules["torch"].default_generator.seed()  # from the system's randomness, as each new process
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    _Torch(hide("torch"), _read(before), start_over)


def _read(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_ON_IMPORT) and name not in OF_OTHERS}


class _Torch(MetaPathFinder, Loader):
    """Finds torch where the other finders find it, and loads what is there already."""

    def __init__(self, hidden: Mapping[str, ModuleType], read: Mapping[str, str], start_over: Callable[[], NoReturn]) -> None:
        self._hidden = hidden
        self._spec = hidden["torch"].__spec__
        self._read = read
        self._start_over = start_over
        self._applied = LEDGER.switch(HIDDEN_TORCH, lambda: sys.meta_path.insert(0, self), lambda _: sys.meta_path.remove(self))

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Torch, if the script would get this very one; starts over if not."""
        if fullname != "torch":
            return None
        self._applied.undo()
        found = importlib.util.find_spec("torch")
        if self._spec is None or found is None or found.origin != self._spec.origin or _read(os.environ) != self._read:
            self._start_over()
        return ModuleSpec(fullname, self, origin=self._spec.origin, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that is there."""
        return self._hidden["torch"]

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it was executed. The import system has given it a spec of ours, and gets its own back."""
        module.__spec__ = self._spec
        show(self._hidden)
