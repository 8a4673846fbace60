"""An error of our own, wherever it comes up, leaves training as it was, is told once, and leaves nothing of ours behind."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
import torch
import torch.fx.traceback
from torch.optim import optimizer as optimizers

import reluctant.instrument
import reluctant.observe
from reluctant.exam import Exam, watch
from reluctant.instrument.patches import AFTER_FORK, LEDGER
from reluctant.observe import Observer

from .annotated import Outcome, plain, run

SCRIPT = Path(__file__).parents[1] / "scripts" / "everything.py"
LEFT_OUT = {"_observer"}
"""What is called by the user: those may raise."""
INSTRUMENTS = ("building_lines", "frames", "loss_curve", "steps")
"""What the observer shares with trials, without what tells of errors and what puts things back."""
UNDOING = {"stop", "give_back", "_restore", "_apply", "_release", "release", "answer"}
"""What puts things back: if that fails, not everything is put back. And what catches errors by itself."""


def ours() -> list[ModuleType]:
    """The modules of the observer, without those that only run scripts."""
    names = [m.name for m in pkgutil.iter_modules(reluctant.observe.__path__) if m.name.startswith("_") and m.name not in LEFT_OUT]
    instruments = [importlib.import_module(f"reluctant.instrument.{name}") for name in INSTRUMENTS]
    return [*instruments, *(importlib.import_module(f"reluctant.observe.{name}") for name in names)]


def functions(module: ModuleType) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """(owner, name, function) for each function and method that a module defines, constructors of observers apart."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield module, name, value
        if inspect.isclass(value) and value.__module__ == module.__name__:
            for method, function in vars(value).items():
                if inspect.isfunction(function) and not method.startswith("__") and method not in UNDOING:
                    yield value, method, function


def settings() -> dict[str, Any]:
    """Everything of torch that is replaced or switched while observing."""
    return {
        "_make_grads": torch.autograd._make_grads,
        "Module.__init__": torch.nn.Module.__init__,
        "Optimizer.__init__": torch.optim.Optimizer.__init__,
        "compile": torch.compile,
        "format_stack": torch.fx.traceback.format_stack,
        "is_anomaly_enabled": torch.is_anomaly_enabled,
        "is_anomaly_check_nan_enabled": torch.is_anomaly_check_nan_enabled,
        "set_anomaly_enabled": torch.set_anomaly_enabled,
        "__enter__": torch.autograd.graph.saved_tensors_hooks.__enter__,
        "anomaly": (torch._C.is_anomaly_enabled(), torch._C.is_anomaly_check_nan_enabled()),
        "before step": dict(optimizers._global_optimizer_pre_hooks),
        "after step": dict(optimizers._global_optimizer_post_hooks),
    }


@pytest.fixture(scope="module")
def as_it_is() -> Outcome:
    return plain(SCRIPT)


@pytest.fixture(scope="module")
def calls() -> Counter[CodeType]:
    """How often each piece of code runs while the script is observed."""
    seen: Counter[CodeType] = Counter()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen[frame.f_code] += 1

    observer = Observer(free_seconds=1e6)
    observer.attach()
    sys.setprofile(profile)
    try:
        run(SCRIPT)
    finally:
        sys.setprofile(None)
        observer.detach()
    return seen


class Injected:
    """A function that raises an error at its n-th call."""

    def __init__(self, function: Callable[..., Any], at: int) -> None:
        self._function, self._at, self.calls = function, at, 0

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else lambda *args, **kwargs: self(instance, *args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self._at:
            raise RuntimeError("injected")
        return self._function(*args, **kwargs)


@pytest.mark.parametrize("module", ours(), ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_an_error_anywhere_leaves_training_untouched(
    module: ModuleType,
    as_it_is: Outcome,
    calls: Counter[CodeType],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = settings()
    wrong = []
    for owner, name, function in functions(module):
        at = min(calls[inspect.unwrap(function).__code__], 3)  # the first time many things are not yet under way
        if not at:
            continue
        injected = Injected(function, at)
        observer = Observer(free_seconds=1e6)
        with monkeypatch.context() as patch:
            for place in {owner, *ours()}:
                if vars(place).get(name) is function:
                    patch.setattr(place, name, injected)
            observer.attach()
            try:
                outcome = run(SCRIPT)
            finally:
                observer.detach()
        said = capfd.readouterr().err
        failed = injected.calls >= at
        checks = {
            "prints the same": outcome.printed == as_it_is.printed,
            "leaves the same": outcome.digests == as_it_is.digests,
            f"puts everything back {[k for k, v in settings().items() if v != before[k]]}": settings() == before,
            "says it once": said.count("reluctant:") == failed,
            "knows of it": (observer._guard.error is not None) == failed,
        }
        wrong += [f"{getattr(owner, '__name__', '')}.{name}: not: {what} {said}" for what, holds in checks.items() if not holds]
        torch._C.set_anomaly_enabled(*before["anomaly"])
    assert not wrong


def test_after_detaching_nothing_of_ours_remains() -> None:
    before = settings()
    hooks = [dict(p._backward_hooks or {}) for p in torch.nn.Linear(2, 2).parameters()]
    observer = Observer()
    for _ in range(2):
        observer.attach()
        observer.attach()
        assert settings() != before
        run(SCRIPT)
        observer.detach()
        observer.detach()
        assert settings() == before
    assert all(hook == {} for hook in hooks)
    recording = observer.recording()
    assert recording.measured_steps > 0
    assert not recording.not_observed[1:]


def test_what_somebody_else_has_replaced_meanwhile_stays() -> None:
    before = settings()
    observer = Observer()
    observer.attach()
    ours, theirs = torch.autograd._make_grads, lambda *args, **kwargs: ours(*args, **kwargs)
    init = torch.nn.Module.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)

    torch.autograd._make_grads = theirs
    torch.nn.Module.__init__ = __init__  # type: ignore[method-assign]
    observer.detach()
    try:
        assert torch.autograd._make_grads is theirs
        assert torch.nn.Module.__init__ is __init__
        seen = observer.recording().passes
        run(SCRIPT)
        assert observer.recording().passes == seen, "what is still called must do nothing"
        assert not observer._building.alive(torch.nn.Module)
    finally:
        torch.autograd._make_grads = before["_make_grads"]
        torch.nn.Module.__init__ = before["Module.__init__"]  # type: ignore[method-assign]
    assert settings() == before


@pytest.mark.parametrize("order", ["inner first", "outer first"])
def test_two_observers_at_once(order: str, as_it_is: Outcome) -> None:
    before = settings()
    outer, inner = Observer(free_seconds=1e6), Observer(free_seconds=1e6)
    outer.attach()
    inner.attach()
    outcome = run(SCRIPT)
    for observer in (inner, outer) if order == "inner first" else (outer, inner):
        observer.detach()
    assert outcome.printed == as_it_is.printed
    assert len(outer.recording().sites) == len(inner.recording().sites) > 5
    assert settings() == before


def orders(count: int) -> list[tuple[int, ...]]:
    """Each order in which `count` watchers can be entered and left: a number appears where it is entered, and again where it is left."""
    events = sorted([*range(count)] * 2)
    return sorted({order for order in permutations(events) if [*dict.fromkeys(order)] == [*range(count)]})


@pytest.mark.parametrize("order", [*orders(2), *orders(3)], ids=lambda order: "".join(map(str, order)))
def test_watchers_that_overlap_leave_nothing_behind(order: tuple[int, ...]) -> None:
    before, standing, stance = settings(), list(LEDGER.standing), torch._dynamo.eval_frame._stance.stance
    exams: dict[int, Exam] = {}
    left: set[int] = set()
    for number in order:
        if number in exams:
            exams[number].__exit__(None, None, None)
            left.add(number)
        else:
            exams[number] = watch().__enter__()
        network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        torch.compile(network, backend="eager")
        for _ in range(2):
            network(torch.randn(3, 2)).sum().backward()
            optimizer.step()
        for exam in (exams[number] for number in left):
            passes = exam.recording.passes
            assert passes == exam._observer._passes.passes  # type: ignore[union-attr]
    assert {key: value for key, value in settings().items() if value != before[key]} == {}
    assert [entry.patch for entry in LEDGER.standing] == [entry.patch for entry in standing] or LEDGER.standing[-1].patch is AFTER_FORK
    assert torch._dynamo.eval_frame._stance.stance == stance
    assert all(exam.recording.passes > 0 and not any(lost.is_failure for lost in exam.recording.not_observed) for exam in exams.values())


def test_somebody_who_puts_our_replacement_back_is_rid_of_it_at_the_next_call() -> None:
    before = settings()
    observer = Observer()
    observer.attach()
    ours = torch.autograd._make_grads
    torch.autograd._make_grads = lambda *args, **kwargs: ours(*args, **kwargs)
    observer.detach()
    torch.autograd._make_grads = ours
    torch.ones(1, requires_grad=True).sum().backward()
    assert settings() == before


@pytest.mark.parametrize("stream", [None, "closed"])
def test_an_error_without_a_place_to_tell_it(
    stream: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = io.StringIO()
    closed.close()
    observer = Observer()
    monkeypatch.setattr(observer._passes, "before_backward", lambda _: 1 / 0)
    observer.attach()
    monkeypatch.setattr(sys, "stderr", closed if stream else None)
    torch.ones(1, requires_grad=True).sum().backward()
    monkeypatch.undo()
    assert "ZeroDivisionError" in (observer._guard.error or "")
    assert capsys.readouterr().out == ""
    assert [note.what for note in observer.recording().not_observed] == ["everything after an error inside Reluctant"]
