"""The ledger of what Reluctant replaces in the process that it looks into: every patch is declared here, and applied through here.

Patches of one name form a chain. Each may be taken off at any time, in any order: what was put over it then calls what was below it.
Where somebody else has put a patch of their own over one of ours, ours stays reachable through theirs, and from then on only passes on.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from . import torch_private

WATCHED = "the watching ends"
WATCHED_OR_STAYS = "the watching ends; in a trial with treatments never: its process ends with it"
LEARNED_FROM = "the forward passes that are learned from are over"
STAYS = "never: a trial has a process of its own, which ends with it"
PROGRAM = "never: the process is the program's, which finds what python would have given it"


@dataclass(frozen=True, slots=True)
class Patch:
    """One name that is replaced, or one thing that is added or switched, while Reluctant looks on."""

    path: str
    """``torch.nn.Module.__init__``; of an object that is no module's, its kind: ``a loader's exec_module``."""
    reason: str
    put_back: str
    """When it is as it was before."""


MAKE_GRADS = Patch(torch_private.MAKE_GRADS.path, "backward() and grad() call it before they run the engine: so each pass is seen", WATCHED)
MODULE_INIT = Patch("torch.nn.Module.__init__", "the line that builds a module is noted", WATCHED_OR_STAYS)
OPTIMIZER_INIT = Patch("torch.optim.Optimizer.__init__", "the line that builds an optimizer is noted", WATCHED_OR_STAYS)
COMPILE = Patch("torch.compile", "compiled models are to run eagerly in measured passes", WATCHED)
EAGER = Patch("torch.compiler.set_stance", "compiled models run eagerly in measured passes", "the measured pass ends")
ANOMALY_ENABLED = Patch("torch.is_anomaly_enabled", "it tells the user's setting, not ours", LEARNED_FROM)
ANOMALY_CHECKS_NAN = Patch("torch.is_anomaly_check_nan_enabled", "it tells the user's setting, not ours", LEARNED_FROM)
SET_ANOMALY = Patch("torch.set_anomaly_enabled", "it sets the user's, and leaves ours", LEARNED_FROM)
FORMAT_STACK = Patch(
    torch_private.FORMAT_STACK.path,
    "nodes keep the frames and modules that were running when they were made",
    LEARNED_FROM,
)
ANOMALY_MODE = Patch(torch_private.SET_ANOMALY.path, "torch asks for the stack of each node only in anomaly mode", "a backward pass begins")
STEP_HOOKS = Patch("torch.optim.optimizer's global step hooks", "each optimizer step is seen", WATCHED)
AFTER_FORK = Patch("os.register_at_fork", "a forked child is not watched, and must not write its parent's file", "never: python cannot")
CHILD_MAKE_GRADS = Patch(torch_private.MAKE_GRADS.path, "a forked child tells that it trains", "the child's first backward pass")
EXEC_MODULE = Patch("the exec_module of torch's loader", "the watching begins once the script has imported torch", "torch is imported")
META_PATH = Patch("sys.meta_path", "the import of torch, or of numpy, is waited for", "it is imported")
EXCEPTHOOK = Patch("sys.excepthook", "the traceback of the script's error shows no frame of Reluctant", "the error is shown")
LAST_TRACEBACK = Patch("sys.last_traceback", "python sets it to what it shows", PROGRAM)
ARGUMENTS = Patch("sys.argv", "the program gets its own arguments", PROGRAM)
ORIGINAL_ARGUMENTS = Patch("sys.orig_argv", "the program may start itself again with it", PROGRAM)
PATH = Patch("sys.path", "the program finds its own modules first", PROGRAM)
MAIN = Patch("sys.modules['__main__']", "the program runs in a main module of its own", PROGRAM)
HIDDEN_TORCH = Patch("sys.modules", "a forked trial has torch loaded, and its script must import it by itself", "the script imports torch")
TRIAL_STEP_HOOKS = Patch("torch.optim.optimizer's global step hooks", "treatments act around steps, which are counted", STAYS)
TRIAL_EAGER = Patch("torch.compiler.set_stance", "compiled code calls nothing that could be treated", STAYS)
TRIAL_MODE = Patch("torch.overrides.TorchFunctionMode", "treatments change the results of calls", STAYS)
SEEDS = Patch("functions of random, numpy.random, torch and torch.cuda that set a seed", "a trial's seeds are shifted by its number", STAYS)
GENERATOR = Patch("torch.Generator", "a trial's seeds are shifted by its number", STAYS)
LOSSES = Patch("loss functions of torch.nn.functional", "validation losses and wrong classes are noted", STAYS)
PRINTED = Patch("write of sys.stdout and sys.stderr", "a metric that the script prints is read along", STAYS)
TEMPORARY = Patch("tempfile.tempdir", "a forked trial finds its own folder for temporary files", STAYS)
REPORT_PATH = Patch("sys.path", "the report's own imports must not depend on what the script did to it", "the report is made")
SOURCE_LINES = Patch(
    "linecache.cache", "Triton reads the source of what it compiles by its file's name", "never: an entry of its own, for kernels"
)
THREADS = Patch("torch.set_num_threads", "one thread while a claim or an activation is measured", "it is measured")
MODULE_CLASS = Patch(
    "the class of a module", "`lean` gives a torch module the class of its counterpart in reluctant.nn", "its `undo` is called"
)


def hide(name: str) -> dict[str, Any]:
    """Take a package and its modules out of python's sight; what they were, by name."""
    return {found: sys.modules.pop(found) for found in list(sys.modules) if found.partition(".")[0] == name}


def show(hidden: Mapping[str, Any]) -> None:
    """Let python see again what was hidden."""
    sys.modules.update(hidden)


def every_patch() -> Iterator[Patch]:
    """All that is declared, in order."""
    return (entry for entry in globals().values() if isinstance(entry, Patch))


@dataclass(eq=False)
class AppliedPatch:
    """One patch as it stands, or stood. `undo` takes it off, and may be called more than once."""

    patch: Patch
    undo_once: Callable[[], object] | None = None
    on: bool = True
    """Whether it is in force; a replacement that is not only passes on."""
    original: Any = None
    """What a replacement passes on to: what it replaced, or what that passed on to when it was taken off."""
    replacement: Any = None
    owner: Any = None
    name: str = ""
    was_own: bool = True
    """Whether the owner itself had the name, and did not inherit it."""

    def undo(self) -> None:
        """Take it off, wherever in its chain it stands."""
        LEDGER.take_off(self)

    def retired(self) -> Any:
        """What a replacement that is called although it was taken off passes on to; it leaves its place if it stands there again.

        It was under somebody else's patch when it was taken off, and they may have put back what they had found.
        """
        self.put_back()
        return self.original

    def put_back(self) -> None:
        """Leave the place to what was there before, if this replacement stands there itself."""
        if getattr(self.owner, self.name, None) is self.replacement:
            if self.was_own:
                setattr(self.owner, self.name, self.original)
            else:
                delattr(self.owner, self.name)


@dataclass
class Ledger:
    """Every patch that stands."""

    standing: list[AppliedPatch] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock)

    def switch(self, patch: Patch, action: Callable[[], Any], undo: Callable[[Any], object] | None = None) -> AppliedPatch:
        """Add or switch something by `action`; `undo`, which gets what that gave, is the way back where there is one."""
        result = action()
        applied = AppliedPatch(patch, None if undo is None else functools.partial(undo, result))
        with self.lock:
            self.standing.append(applied)
        return applied

    def replace(self, patch: Patch, make: Callable[[AppliedPatch], Any], owner: Any = None, name: str = "") -> AppliedPatch:
        """Put what `make` returns in the place of a name of `owner`; by default those of the patch's path.

        What `make` is given says whether the patch is still in force (`on`), and what to pass on to (`original`).
        """
        if owner is None:
            path, _, name = patch.path.rpartition(".")
            owner = torch_private.resolve_name(path)
        applied = AppliedPatch(patch, owner=owner, name=name, was_own=name in getattr(owner, "__dict__", {}))
        with self.lock:
            applied.original = getattr(owner, name, None)
            applied.replacement = make(applied)
            if callable(applied.original) and not isinstance(applied.original, type):
                functools.update_wrapper(applied.replacement, applied.original)
            setattr(owner, name, applied.replacement)
            self.standing.append(applied)
        return applied

    def take_off(self, applied: AppliedPatch) -> None:
        """Undo one patch, whatever has come after it."""
        with self.lock:
            if not applied.on:
                return
            applied.on = False
            self.standing.remove(applied)
            if applied.replacement is None:
                if applied.undo_once is not None:
                    applied.undo_once()
                return
            for above in self.standing:
                if above.original is applied.replacement:
                    above.original, above.was_own = applied.original, applied.was_own
                    if hasattr(above.replacement, "__wrapped__"):
                        above.replacement.__wrapped__ = applied.original
                    return
            applied.put_back()


LEDGER = Ledger()
"""The one of this process."""


def undo_all(patches: list[AppliedPatch]) -> None:
    """Take all of them off, the last first. What is raised meanwhile, as by a signal handler, keeps none of the others in its place."""
    with ExitStack() as everything:
        for patch in patches:
            everything.callback(patch.undo)
    patches.clear()


def assign(patch: Patch, value: Any, owner: Any = None, name: str = "") -> None:
    """Set a name for good, or until whoever set it sets it again."""
    if owner is None:
        path, _, name = patch.path.rpartition(".")
        owner = torch_private.resolve_name(path)
    setattr(owner, name, value)
