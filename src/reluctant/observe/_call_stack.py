"""Where an autograd node was made: the frames and the modules that were running when it was.

In anomaly mode torch asks `torch.fx.traceback.format_stack` for text at every node it makes and keeps the
answer with the node. For the forward passes that the observer learns from, that one internal function answers with a
`CallStack` instead: cheaper than text, and it names the running modules exactly, without a hook on any of them.
"""

from __future__ import annotations

import os
import sys
import time
import types
import weakref
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.graph import Node

from reluctant.instrument import torch_private
from reluctant.instrument.frames import is_ours, is_users, location_of, outward, torch_folder
from reluctant.instrument.guard import Guard
from reluctant.recording import Location

from ._anomaly_mode import AnomalyMode
from ._autograd_graph import ACCUMULATE, RawGraph

_FUNCTIONAL = (os.path.join("torch", "nn", "functional.py"), os.path.join("reluctant", "nn", "_functions.py"))
_UTILITIES = os.path.join(torch_folder(), "nn", "utils") + os.sep
_SCALER = os.path.join("torch", "amp", "grad_scaler.py")
_MODULES = os.path.join("torch", "nn", "modules") + os.sep
_CALL_IMPL: Any = getattr(torch_private.CALL_IMPL.get(), "__code__", None)
"""The code in which every module calls its forward: its frames name the running modules, without a hook on any of them."""


class CallStack(list[str]):
    """What torch keeps with a node; to torch it is a list of lines, which is empty unless the user is in anomaly mode."""

    __slots__ = ("frames", "modules")

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self.frames: list[tuple[types.CodeType, int]] = []
        self.modules: list[weakref.ref[torch.nn.Module]] = []


def capture_stack(lines: list[str]) -> CallStack:
    """The frames of the running program, innermost first, and its running modules, without keeping a frame alive."""
    stack = CallStack(lines)
    for frame in outward(sys._getframe(1)):
        code = frame.f_code
        if not is_ours(code.co_filename) or code.co_filename.endswith(_FUNCTIONAL):
            stack.frames.append((code, frame.f_lineno or 0))
        if code is _CALL_IMPL and isinstance(module := frame.f_locals.get("self"), torch.nn.Module):
            stack.modules.append(weakref.ref(module))
    return stack


class StackCapture:
    """Turns anomaly mode on for the forward passes that are learned from."""

    _mode = AnomalyMode()

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._seconds = 0.0

    @property
    def on(self) -> bool:
        """Whether nodes made now, or before the last `pause`, carry a `CallStack`."""
        return self._mode.is_lent_to(self.answer)

    def start(self) -> None:
        """Let nodes carry their call stack from now on."""
        self._mode.borrow(self.answer)

    def pause(self) -> None:
        """Leave anomaly mode for a backward pass, where it would print about the user's errors; `start` goes on."""
        if self.on:
            self._mode.pause(True)

    def stop(self) -> None:
        """Put back what `start` changed."""
        self._mode.give_back(self.answer)

    def answer(self, lines: list[str]) -> list[str]:
        """The call stack. Called by torch at each node that is made."""
        begin = time.perf_counter()
        try:
            return lines if isinstance(lines, CallStack) else capture_stack(lines)
        except Exception as error:  # noqa: BLE001 - it would come up in the middle of the user's forward pass
            self._guard.fail(error)
            return lines
        finally:
            self._seconds += time.perf_counter() - begin

    def seconds(self) -> float:
        """Seconds that capturing took since this was last asked."""
        spent, self._seconds = self._seconds, 0.0
        return spent


def count_stacks(raw: RawGraph) -> int:
    """How many operations of a graph carry a `CallStack`."""
    return sum(isinstance(torch_private.STACK.of(n.node), CallStack) for n in raw.nodes if n.name != ACCUMULATE)


@dataclass(frozen=True, slots=True)
class Origin:
    """A node's `CallStack` read: the user's line, the torch functions below it, the modules around it."""

    called: Location | None
    functions: tuple[str, ...]
    """Names of functions of torch.nn.functional, or of ours, between the user's line and the node, outermost first."""
    running: tuple[weakref.ref[torch.nn.Module], ...]
    """Running modules, innermost first; not kept alive."""
    module_type: str
    """Class of the innermost running module."""
    calls_below: int
    """Module calls between the user's line and the node: 0 a function, 1 a module called there, more when a container called it."""
    compound: bool
    """Whether a torch module that is more than an activation (an encoder layer, attention, a recurrent cell) wrote the call."""
    reparametrised: bool
    """Whether it computes a weight from parameters (weight norm, spectral norm): what else it takes is no data."""
    user_frames: tuple[tuple[str, int], ...]
    scaled: bool = False
    """Whether a gradient scaler of torch's made it: what follows is the loss, times a factor that changes over the run."""

    @property
    def modules(self) -> tuple[torch.nn.Module, ...]:
        """Those of the running modules that are alive, innermost first."""
        return tuple(m for m in (r() for r in self.running) if m is not None)


def read_origin(node: Node) -> Origin | None:
    """What a node's call stack says, or None for a node made outside a learned pass."""
    stack = torch_private.STACK.of(node)
    if not isinstance(stack, CallStack):
        return None
    called, user_frames = None, []
    functions: list[str] = []
    calls_below, compound, reparametrised = 0, False, False
    for code, line in stack.frames:
        filename = code.co_filename
        if is_users(code):
            if called is None:
                called = location_of(code, line)
            user_frames.append((filename, line))
        elif called is None:
            if filename.endswith(_FUNCTIONAL):
                functions.append(code.co_name)
            elif code is _CALL_IMPL:
                calls_below += 1
            elif _MODULES in filename:
                compound |= os.path.basename(filename) in _COMPOUND_FILES or "MultiheadAttention" in getattr(code, "co_qualname", "")
        reparametrised |= filename.startswith(_UTILITIES) and os.path.basename(filename) in _REPARAMETRISATIONS
    innermost = stack.modules[0]() if stack.modules else None
    module_type = type(innermost).__name__ if innermost is not None else ""
    names, users = tuple(reversed(functions)), tuple(user_frames[:8])
    scaled = bool(stack.frames) and stack.frames[0][0].co_filename.endswith(_SCALER)
    return Origin(called, names, tuple(stack.modules), module_type, calls_below, compound, reparametrised, users, scaled)


_REPARAMETRISATIONS = frozenset({"parametrize.py", "spectral_norm.py", "weight_norm.py"})
_COMPOUND_FILES = frozenset({"transformer.py", "rnn.py", "adaptive.py"})
