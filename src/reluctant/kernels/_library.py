"""The compiled library of this machine, or why there is none."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from reluctant.instrument import torch_private

from ._formulas import fingerprint
from ._signature import Signature

INTERFACE = 1
"""By which conventions the library's functions are called: the number that `reluctant_interface` in library.cpp gives."""

INSTALL = "pip install 'reluctant[kernels]', or in a checkout pip install ./native"
"""How kernels come."""

CAPABILITIES = {"AVX512": ("avx512", "avx2"), "AVX2": ("avx2",)}
"""What torch says of the processor (its variable ATEN_CPU_CAPABILITY counts), and the levels that run there, the best first."""

THIRD_LEVEL = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
"""Where Linux tells the size of a cache, in KiB: ``32768K``."""


class Shape(ctypes.Structure):
    """A tensor as batches × channels × inner."""

    _fields_ = [("batches", ctypes.c_int64), ("channels", ctypes.c_int64), ("inner", ctypes.c_int64)]


class PairLayout(ctypes.Structure):
    """Two matrices of one size with row strides of their own."""

    _fields_ = [("rows", ctypes.c_int64), ("columns", ctypes.c_int64), ("a_stride", ctypes.c_int64), ("b_stride", ctypes.c_int64)]


ARGUMENTS: dict[str, Any] = {
    "tensor": ctypes.c_void_p, "count": ctypes.c_int64, "seed": ctypes.c_uint64, "parameter": ctypes.c_float,
    "shape": Shape, "pair": PairLayout,
}
"""Kinds of arguments that kernels take."""

ELEMENT_TYPES = {torch.float32: "float", torch.bfloat16: "bfloat16", torch.float16: "float16"}
"""Types of elements that there are kernels for, by their names in the library."""


@dataclass(frozen=True)
class Library:
    """A loaded library; falsy where there is none."""

    level: str = ""
    """``avx512`` or ``avx2``."""
    reason: str = ""
    """Why there is none."""
    handle: ctypes.CDLL | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Of the formulas that its kernels were printed from, by the name of the `Signature`."""

    def __bool__(self) -> bool:
        return self.handle is not None

    def why_not(self, signature: Signature) -> str:
        """Why its kernels cannot compute this form of an activation; empty where they were printed from the formulas that it has."""
        if not self:
            return self.reason
        made_from = self.fingerprints.get(signature.name)
        if made_from is None:
            return "the compiled kernels have none of it"
        same = made_from == fingerprint(signature)
        return "" if same else "its compiled kernel was made from another formula than the catalogue has now; build reluctant-kernels again"

    def function(self, name: str, arguments: Sequence[str], returns: Any = None) -> Callable[..., Any] | None:
        """A kernel that takes arguments of these kinds; None where this library has none of the name.

        Tensors are passed by address. The interpreter's lock is free while it runs.
        """
        try:
            # By item, not by attribute: each caller gets an object of its own whose argument types nobody else changes.
            function = self.handle[f"reluctant_{name}"] if self.handle is not None else None
        except AttributeError:
            return None
        if function is not None:
            function.argtypes = [ARGUMENTS[kind] for kind in arguments]
            function.restype = returns
        return function


@functools.cache
def library() -> Library:
    """The library for this processor; loaded by the first call."""
    capability = torch.backends.cpu.get_cpu_capability()
    levels = CAPABILITIES.get(capability, ())
    if not levels:
        return Library(reason=f"torch reports the processor's vector instructions as {capability}; there are kernels for AVX2 and AVX-512")
    folder = _folder()
    if folder is None:
        return Library(reason=f"the package reluctant-kernels is not installed ({INSTALL})")
    present = [level for level in levels if (folder / f"{level}.so").exists()]
    if not present:
        return Library(reason=f"the package reluctant-kernels at {folder} holds none for this processor; install it again: {INSTALL}")
    return _load(present[0], folder / f"{present[0]}.so")


def _folder() -> Path | None:
    """Where the package reluctant-kernels has its libraries; None where it is not installed."""
    found = importlib.util.find_spec("reluctant_kernels")
    return Path(found.origin).parent if found is not None and found.origin is not None else None


def _load(level: str, file: Path) -> Library:
    try:
        handle = ctypes.CDLL(str(file))
        interface = handle.reluctant_interface()
    except (OSError, AttributeError) as error:
        return Library(reason=f"{file} cannot be loaded: {error}")
    if interface != INTERFACE:
        return Library(reason=f"{file} has interface {interface} where this reluctant uses {INTERFACE}; upgrade both: {INSTALL}")
    handle.reluctant_fingerprints.restype = ctypes.c_char_p
    fingerprints = dict(line.split() for line in handle.reluctant_fingerprints().decode().splitlines())
    if not torch_private.PARALLEL_FOR.is_there():
        return Library(reason=f"this torch has no {torch_private.PARALLEL_FOR.path}: without it {torch_private.PARALLEL_FOR.lost}")
    handle.reluctant_use_threads.argtypes = [ctypes.c_void_p]
    handle.reluctant_use_threads(ctypes.cast(torch_private.PARALLEL_FOR.get(), ctypes.c_void_p))
    handle.reluctant_use_cache.argtypes = [ctypes.c_int64]
    handle.reluctant_use_cache(_last_cache_bytes())
    return Library(level, handle=handle, fingerprints=fingerprints)


def _last_cache_bytes() -> int:
    """Bytes of one of the processor's third-level caches; that of the machine of the measurements where the system does not tell.

    The C library's answer counts all caches of the machine together: on a virtual one ten times what its processors can use.
    """
    try:
        size = THIRD_LEVEL.read_text(encoding="ascii").strip()
    except OSError:
        return 32 * 2**20
    return int(size.removesuffix("K")) * 1024 if size.endswith("K") else int(size)
