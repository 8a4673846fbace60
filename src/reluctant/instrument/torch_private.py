"""Every private name of torch that Reluctant reads: once, with what is lost where it is missing.

A private name may go with any version of torch. So nothing else in Reluctant reaches for one: it asks an entry of this table, which
answers with what stands in for the name, or with `MissingNameError` where nothing can. Torch is imported by the asking, not by this file.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_NEEDED: Any = object()
"""In the place of a fallback: without the name there is none."""


class MissingNameError(Exception):
    """A private name that nothing can stand in for is not in this torch. It never reaches a user's code."""


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A name inside torch's modules, such as ``torch._C._get_tracing_state``."""

    path: str
    parts: str
    """The parts of Reluctant that ask for it, by their folders."""
    lost: str
    """What is lost without it."""
    otherwise: Any = _NEEDED
    """What stands in for it."""
    seen: str = "2.10 to 2.14"
    """The versions of torch in which it was found."""

    @property
    def is_needed(self) -> bool:
        """Whether nothing can stand in for it."""
        return self.otherwise is _NEEDED

    def is_there(self) -> bool:
        """Whether this torch has it."""
        try:
            self._find()
        except (ImportError, AttributeError, OSError):
            return False
        return True

    def get(self) -> Any:
        """What torch has under this name, or what stands in for it. Raises `MissingNameError` where nothing can."""
        try:
            return self._find()
        except (ImportError, AttributeError, OSError) as error:
            if self.is_needed:
                raise MissingNameError(f"this torch has no {self.path}: without it {self.lost}") from error
            return self.otherwise

    def reader(self) -> Callable[[], Any]:
        """A function that looks the name up anew at each call: for what torch's code assigns as it runs."""
        if not self.is_there():
            return functools.partial(operator.itemgetter(0), (self.get(),))
        owner, _, name = self.path.rpartition(".")
        return functools.partial(getattr, importlib.import_module(owner), name)

    def _find(self) -> Any:
        first, *rest = self.path.split(".")
        found, path = importlib.import_module(first), first
        for name in rest:
            path = f"{path}.{name}"
            try:
                found = getattr(found, name)
            except AttributeError:
                found = importlib.import_module(path)  # a module that nobody has imported yet
        return found


class PrivateSymbol(PrivateName):
    """A function of a library that lies in torch's folder, such as ``lib/libtorch_cpu.so:torch_parallel_for``."""

    __slots__ = ()

    def _find(self) -> Any:
        file, _, symbol = self.path.partition(":")
        return getattr(ctypes.CDLL(str(Path(importlib.import_module("torch").__file__ or "").parent / file)), symbol)


class PrivateAttribute(PrivateName):
    """An attribute of what torch makes, such as ``nn.Module._modules``; `Node._saved_*` stands for all that begin so."""

    __slots__ = ()

    def is_there(self) -> bool:
        """True: only the objects themselves can tell."""
        return True

    def of(self, thing: Any, rest: str = "") -> Any:
        """The attribute of a thing; `rest` goes in the place of the star. Raises `MissingNameError` where nothing can stand in for it."""
        name = self.path.rpartition(".")[2].replace("*", rest)
        try:
            return self._read(thing, name)
        except AttributeError as error:
            if self.is_needed:
                raise MissingNameError(f"{type(thing).__name__} has no {name} in this torch: without it {self.lost}") from error
            return self.otherwise

    def _read(self, thing: Any, name: str) -> Any:
        return getattr(thing, name)


def _true(*_: object) -> bool:
    return True


TRACING_STATE = PrivateName("torch._C._get_tracing_state", "kernels", "torch's operators serve, not kernels", _true)
"""None where torch.jit.trace is not at work."""
TRANSFORMS_ACTIVE = PrivateName("torch._C._are_functorch_transforms_active", "kernels nn", "torch's operators serve, not kernels", _true)
"""Whether a function transform (vmap, jvp, grad) is at work."""
DISPATCH_MODES = PrivateName("torch._C._len_torch_dispatch_stack", "kernels", "torch's operators serve, not kernels", _true)
"""How many dispatch modes are on."""
FUNCTION_MODES = PrivateName("torch._C._len_torch_function_stack", "kernels", "torch's operators serve, not kernels", _true)
"""How many function modes are on."""
FORWARD_LEVEL = PrivateName("torch.autograd.forward_ad._current_level", "kernels nn", "torch's operators serve, not kernels", 0)
"""The level of forward-mode differentiation; below 0 where it is off. Torch's own modules assign it, so it is read anew each time."""
HAS_STORAGE = PrivateName("torch._C._has_storage", "kernels", "torch's operators serve, not kernels", lambda _: False)
"""Whether a tensor has memory of its own: those that stand for a batch of gradients have none."""
IS_TRACING = PrivateName("torch._C._is_tracing", "nn", "a LinearActivation computes its two layers apart, and keeps what they keep", _true)
"""Whether torch.jit.trace is at work."""
BUILT_IN_ACTIVATIONS = PrivateName(
    "torch._C._nn", "kernels", "small tensors take the way through torch.nn.functional, which costs more per call", SimpleNamespace()
)
"""The functions in C++ that those of torch.nn.functional call after checking arguments."""
PARALLEL_FOR = PrivateSymbol(
    "lib/libtorch_cpu.so:torch_parallel_for", "kernels", "kernels cannot share torch's threads, so torch's operators serve"
)
"""`torch_parallel_for` of torch's stable C interface, from torch 2.10 on, by which work is spread over the threads that torch uses."""

CHILDREN = PrivateAttribute(
    "nn.Module._modules", "observe rewrites", "modules have no paths, and a module that another holds twice is met once"
)
"""What a module holds by name, a module that it holds twice under both names. None may stand in the place of a module."""
HOOKS = PrivateAttribute("nn.Module._*_hooks", "nn rewrites", "layers are taken to have hooks, and are not joined", {None: None})
"""The hooks of one kind (``forward``, ``forward_pre``, ``backward``, ``backward_pre``) that a module itself has."""
COMPILED_IN_PLACE = PrivateAttribute(
    "nn.Module._compiled_call_impl", "rewrites", "a model that Module.compile compiled is not told apart", None
)
"""What `Module.compile` leaves on a module."""
COMPILED_MODULE = PrivateName("torch._dynamo.OptimizedModule", "rewrites", "a model that torch.compile made is not told apart", ())
"""The class of what torch.compile makes of a module."""
SAVED = PrivateAttribute("Node._saved_*", "observe treatments", "an operation is not recognised by its arguments, and is not judged")
"""What a node of autograd's graph keeps: arguments of its operation, and tensors, unpacked. RuntimeError where they were freed."""


def saved(node: Any, name: str) -> Any:
    """What a node of autograd's graph keeps under a name of torch's table of derivatives, such as ``negative_slope``.

    Raises `MissingNameError` where this node keeps nothing of that name, and what torch raises where a tensor was freed or changed since.
    """
    return SAVED.of(node, name)


def every_name() -> Iterator[PrivateName]:
    """All entries of the table, in its order."""
    return (entry for entry in globals().values() if isinstance(entry, PrivateName))


@functools.cache
def missing(part: str) -> tuple[PrivateName, ...]:
    """The names that a part of Reluctant asks for and that this torch lacks."""
    return tuple(entry for entry in every_name() if part in entry.parts.split() and not entry.is_there())
