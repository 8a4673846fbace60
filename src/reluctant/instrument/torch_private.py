"""Every private name of torch that Reluctant reads: once, with what is lost where it is missing.

A private name may go with any version of torch. So nothing else in Reluctant reaches for one: it asks an entry of this table, which
answers with what stands in for the name, or with `MissingNameError` where nothing can. Torch is imported by the asking, not by this file.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

_NEEDED: Any = object()
"""In the place of a fallback: without the name there is none."""


class MissingNameError(Exception):
    """A private name that nothing can stand in for is not in this torch. It never reaches a user's code."""

    def __init__(self, entry: PrivateName) -> None:
        super().__init__(f"this torch has no {entry.path}: without it {entry.lost}")


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
        """What torch has under this name, or what stands in for it; where nothing can, a function that raises `MissingNameError`.

        So a file may ask when it is imported: what is missing shows when it is used, where a guard is.
        """
        try:
            return self._find()
        except (ImportError, AttributeError, OSError):
            return self._raise if self.is_needed else self.otherwise

    def reader(self) -> Callable[[], Any]:
        """A function that looks the name up anew at each call: for what torch's code assigns as it runs."""
        if not self.is_there():
            return functools.partial(operator.itemgetter(0), (self.get(),))
        owner, _, name = self.path.rpartition(".")
        return functools.partial(getattr, importlib.import_module(owner), name)

    def _raise(self, *_: object) -> NoReturn:
        raise MissingNameError(self)

    def _find(self) -> Any:
        return resolve_name(self.path)


def resolve_name(path: str) -> Any:
    """What has this dotted path, such as ``torch.nn.Module.__init__``. Raises `ImportError` where nothing has."""
    first, *rest = path.split(".")
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
        try:
            return self._read(thing, self.name.replace("*", rest))
        except AttributeError as error:
            if self.is_needed:
                raise MissingNameError(self) from error
            return self.otherwise

    @property
    def name(self) -> str:
        """The attribute's own name."""
        return self.path.rpartition(".")[2]

    def names(self, kind: type) -> tuple[str, ...]:
        """What may go in the place of the star, of a class."""
        before = self.name.removesuffix("*")
        return tuple(name.removeprefix(before) for name in dir(kind) if name.startswith(before))

    def _read(self, thing: Any, name: str) -> Any:
        return getattr(thing, name)


class PrivateKey(PrivateAttribute):
    """An entry of a node's metadata."""

    __slots__ = ()

    def _read(self, thing: Any, name: str) -> Any:
        return thing.metadata.get(self.path.split("'")[1])


class PrivateVariable(PrivateAttribute):
    """Variables from around functions of torch's, which these use."""

    __slots__ = ()

    def _read(self, thing: Any, name: str) -> Any:
        return thing.__closure__[thing.__code__.co_freevars.index(name)].cell_contents


def _true(*_: object) -> bool:
    return True


TRACING_STATE = PrivateName("torch._C._get_tracing_state", "kernels", "torch's operators serve, not kernels", _true)
"""None where torch.jit.trace is not at work."""
TRANSFORMS_ACTIVE = PrivateName("torch._C._are_functorch_transforms_active", "kernels nn", "torch's operators serve, not kernels", _true)
"""Whether a function transform (vmap, jvp, grad) is at work."""
DISPATCH_MODES = PrivateName("torch._C._len_torch_dispatch_stack", "kernels observe", "torch's operators serve, not kernels", _true)
"""How many dispatch modes are on."""
FUNCTION_MODES = PrivateName("torch._C._len_torch_function_stack", "kernels observe", "torch's operators serve, not kernels", _true)
"""How many function modes are on."""
FORWARD_LEVEL = PrivateName("torch.autograd.forward_ad._current_level", "kernels nn", "torch's operators serve, not kernels", 0)
"""The level of forward-mode differentiation; below 0 where it is off. Torch's own modules assign it, so it is read anew each time."""
HAS_STORAGE = PrivateName("torch._C._has_storage", "kernels", "torch's operators serve, not kernels", lambda _: False)
"""Whether a tensor has memory of its own: those that stand for a batch of gradients have none."""
IS_TRACING = PrivateName("torch._C._is_tracing", "nn", "a LinearActivation computes its two layers apart, and keeps what they keep", _true)
"""Whether torch.jit.trace is at work."""
BUILT_IN_ACTIVATIONS = PrivateName(
    "torch._C._nn",
    "operators trials",
    "small tensors go through torch.nn.functional, which costs more per call",
    SimpleNamespace(),
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
MAKE_GRADS = PrivateName("torch.autograd._make_grads", "observe", "no backward pass is seen")
"""What backward() and grad() call before they run the engine."""
GRAPH_TASK = PrivateName("torch._C._current_graph_task_id", "observe trials", "a backward pass inside another is not told from it")
"""The number of the backward pass that this thread is in; -1 outside."""
QUEUE_CALLBACK = PrivateName(
    "torch.autograd.Variable._execution_engine.queue_callback", "observe", "the end of a backward pass is not seen"
)
"""Has the engine call a function at the end of the backward pass that it is in."""
FORMAT_STACK = PrivateName("torch.fx.traceback.format_stack", "observe", "no operation has a place in the script")
"""Torch calls it in anomaly mode for each node that it makes, and keeps the answer in the node's metadata."""
SET_ANOMALY = PrivateName("torch._C.set_anomaly_enabled", "observe", "torch does not ask for the stacks of nodes")
"""What `torch.set_anomaly_enabled` calls."""
CALL_IMPL = PrivateName("torch.nn.Module._call_impl", "observe trials", "it is not known which modules are running", None)
"""The method in which a module calls its hooks and its forward: its frames hold the running modules."""
NO_TORCH_FUNCTION = PrivateName("torch._C.DisableTorchFunction", "observe trials", "modes of the script would see our operations")
NO_AUTOCAST = PrivateName("torch._C._DisableAutocast", "observe", "autocasting would change our operations")
NO_MODES = PrivateName("torch.utils._python_dispatch._disable_current_modes", "observe", "modes of the script would see our operations")
NO_TRANSFORMS = PrivateName(
    "torch._functorch.pyfunctorch.temporarily_clear_interpreter_stack", "observe", "function transforms would change our operations"
)
TRANSFORM = PrivateName("torch._C._functorch.peek_interpreter_stack", "observe", "it is not known whether torch.func is at work")
"""The innermost function transform; None outside."""
IS_WRAPPED = PrivateName("torch._C._functorch.is_functorch_wrapped_tensor", "observe", "tensors inside torch.func cannot be read")
UNWRAPPED = PrivateName("torch._C._functorch.get_unwrapped", "observe", "tensors inside torch.func cannot be read")
BATCH_AXIS = PrivateName("torch._C._functorch.maybe_get_bdim", "observe", "tensors inside torch.func cannot be read")
"""The axis that vmap hides; -1 for none."""
MODE = PrivateName("torch._C._get_dispatch_mode", "observe", "it is not known whether operations are only simulated")
FAKE = PrivateName("torch._C._TorchDispatchModeKey.FAKE", "observe", "it is not known whether operations are only simulated")
FUNCTIONAL = PrivateName("torch._C._TorchDispatchModeKey.FUNCTIONAL", "observe", "it is not known whether operations are only simulated")
PROXY = PrivateName("torch._C._TorchDispatchModeKey.PROXY", "observe", "it is not known whether operations are only simulated")
IS_WRAPPER = PrivateName(
    "torch.utils._python_dispatch.is_traceable_wrapper_subclass", "observe", "tensors that stand for others are not told from plain ones"
)
SAVED_TENSOR = PrivateName("torch._C._autograd.SavedTensor", "observe", "the bytes kept for backward are not counted", None)
"""The class of what a node keeps, while it is packed."""
UNPACK_HOOK = PrivateAttribute("SavedTensor.unpack_hook", "observe", "reading what is kept could run the script's own hooks")
"""The script's hook that unpacks what was kept, or checkpointing's; None where there is none. Torch 2.9 has no such attribute."""
PACKED = PrivateAttribute("SavedTensor.data", "observe", "the bytes kept for backward are not counted", None)
"""The tensor itself where no hook has packed it; None where it was freed."""
RAW_SAVED = PrivateAttribute("Node._raw_saved_*", "observe", "what is kept cannot be read without running the script's own hooks", None)
"""What a node keeps, still packed."""
SAVED = PrivateAttribute("Node._saved_*", "observe treatments", "an operation is not recognised by its arguments, and is not judged")
"""What a node of autograd's graph keeps: arguments of its operation, and tensors, unpacked. RuntimeError where they were freed."""


def saved(node: Any, name: str) -> Any:
    """What a node of autograd's graph keeps under a name of torch's table of derivatives, such as ``negative_slope``.

    Raises `MissingNameError` where this node keeps nothing of that name, and what torch raises where a tensor was freed or changed since.
    """
    return SAVED.of(node, name)


def saved_names(node: Any) -> tuple[str, ...]:
    """The names under which a node keeps something. Its class has them as well, and reading one may raise."""
    return tuple(name.removeprefix("_saved_") for name in dir(type(node)) if name.startswith("_saved_"))


INPUT_METADATA = PrivateAttribute("Node._input_metadata", "observe", "the shapes of what operations give are not known")
"""Shape, type and device of each output of a node's operation."""
STACK = PrivateKey("Node.metadata['traceback_']", "observe", "no operation has a place in the script")
"""What `torch.fx.traceback.format_stack` gave when a node was made; None outside anomaly mode."""
FORWARD_CLASS = PrivateAttribute(
    "BackwardCFunction._forward_cls", "kernels observe", "autograd functions of reluctant.nn are not recognised", None
)
"""The autograd function that a node is the backward of."""
IS_VIEW = PrivateAttribute("Tensor._is_view", "observe", "of a batch cut out of a data set all bytes count as kept", lambda: False)
BASE = PrivateAttribute("Tensor._base", "observe", "a view of a parameter counts among the bytes kept for backward", None)
"""The tensor that one is a view of."""
PARAMETERS = PrivateAttribute("nn.Module._parameters", "observe", "parameters have no names", {})
"""The parameters that a module itself has, by name."""
ORIGINAL_MODULE = PrivateAttribute("OptimizedModule._orig_mod", "observe", "what torch.compile puts around a model shows in paths")
"""Under this name the wrapper that torch.compile makes holds the user's module."""
GLOBAL_STEP_HOOK = PrivateName(
    "torch.optim.optimizer.register_optimizer_step_pre_hook", "observe trials", "the steps of optimizers are not seen"
)
"""Has a function called before each step of any optimizer. No document of torch promises it."""
AFTER_STEP_HOOK = PrivateName(
    "torch.optim.optimizer.register_optimizer_step_post_hook", "observe trials", "the steps of optimizers are not seen"
)
CHECKPOINT = PrivateVariable(
    "torch.utils.checkpoint.*", "observe", "the bytes that a checkpointed region keeps are not counted", None, seen="2.12 to 2.14"
)
"""The frame of a checkpointed region: see `checkpointed_region`."""


def checkpointed_region(hook: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """The frame of a checkpointed region, and what it keeps in the place of what it computed: its inputs, still packed.

    `hook` unpacks a saved tensor. None where it is not checkpointing's, or where contexts of the user's decide what else is kept.
    """
    if getattr(hook, "__module__", "") != "torch.utils.checkpoint":
        return None
    # torch 2.13, torch/utils/checkpoint.py: `_checkpoint_hook.__init__` defines unpack_hook(holder) over its argument `frame`, a
    # _CheckpointFrame, which nothing else leads to. Its `recompute_fn` uses `recompute_context` and `kwargs` from around it, and the
    # inputs are its `saved_args`. Torch 2.10 and 2.11 have no saved_args: there such a pass is left without a number.
    try:
        frame = CHECKPOINT.of(hook, "frame")
        again = frame.recompute_fn
        context, kept, named = CHECKPOINT.of(again, "recompute_context"), frame.saved_args, CHECKPOINT.of(again, "kwargs")
    except (AttributeError, MissingNameError):
        return None
    return (frame, (*kept, *named.values())) if isinstance(context, contextlib.nullcontext) else None


def every_name() -> Iterator[PrivateName]:
    """All entries of the table, in its order."""
    return (entry for entry in globals().values() if isinstance(entry, PrivateName))


def require(part: str) -> None:
    """Raise `MissingNameError` for the first name without which a part of Reluctant cannot work and that this torch lacks."""
    for entry in missing(part):
        if entry.is_needed:
            raise MissingNameError(entry)


@functools.cache
def missing(part: str) -> tuple[PrivateName, ...]:
    """The names that a part of Reluctant asks for and that this torch lacks."""
    return tuple(entry for entry in every_name() if part in entry.parts.split() and not entry.is_there())
