"""An exception of the script's own that python raises in the middle of our code reaches the script, and is not blamed on anybody."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import reluctant
from reluctant.instrument.guard import Guard, is_interruption
from reluctant.instrument.patches import AppliedPatch
from reluctant.observe import Observer
from reluctant.observe._call_stack import StackCapture
from reluctant.observe._out_of_sight import out_of_sight
from reluctant.observe._schedule import Schedule


class TimeLimit(Exception):
    pass


def handler(number: int, frame: object) -> None:
    raise TimeLimit


def handler_of_anything(*_: object) -> None:
    raise RuntimeError("time is up")


DOORS = [
    "before_backward", "before_step", "after_step", "_look", "_measure", "_after_backward", "_note_loss", "_prepare_forward",
]  # fmt: skip
"""Methods that run inside what torch calls back."""


def train(steps: int) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(steps):
        network(torch.randn(3, 4)).sum().backward()
        optimizer.step()


def watch_and_train(observer: Observer) -> None:
    observer.attach()
    train(3)


@pytest.mark.parametrize("alarm", [handler, handler_of_anything])
@pytest.mark.parametrize("door", DOORS)
def test_what_a_signal_handler_raises_reaches_the_script(
    door: str, alarm: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGUSR1, alarm)
    observer = Observer(free_seconds=1e6)
    original = getattr(observer._passes, door)

    def interrupted(*args: Any) -> Any:
        signal.raise_signal(signal.SIGUSR1)
        return original(*args)

    monkeypatch.setattr(observer._passes, door, interrupted)
    try:
        with pytest.raises((TimeLimit, RuntimeError)):
            watch_and_train(observer)
        train(2)  # it goes on without a word
    finally:
        observer.detach()
        signal.signal(signal.SIGUSR1, before)
    assert capsys.readouterr().err == ""
    (note,) = [note for note in observer.recording().not_observed if "exception of the script's own" in note.what]
    assert not note.is_failure


@pytest.fixture
def alarm() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, handler)
    yield
    signal.signal(signal.SIGUSR1, before)


def raising_at(place: Any, name: str, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a signal come at the end of one call of a function."""
    original, calls = getattr(place, name), itertools.count(1)

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if next(calls) == call:
            signal.raise_signal(signal.SIGUSR1)
        return result

    monkeypatch.setattr(place, name, interrupted)


@pytest.mark.usefixtures("alarm")
def test_what_a_signal_handler_raises_while_the_observer_is_made_reaches_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    raising_at(Schedule, "__init__", 1, monkeypatch)
    with pytest.raises(TimeLimit):
        reluctant.watch()


def patched() -> list[object]:
    """What stands at places that are replaced."""
    constructors: list[object] = [kind.__dict__["__init__"] for kind in (torch.nn.Module, torch.optim.Optimizer)]
    return [*constructors, torch.set_anomaly_enabled, torch.is_anomaly_enabled, torch.compile, torch.autograd._make_grads]


@pytest.mark.usefixtures("alarm")
def test_what_a_signal_handler_raises_in_the_import_system_is_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slowly_imported.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    raising_at(importlib.machinery.SourceFileLoader, "get_data", 1, monkeypatch)
    with pytest.raises(TimeLimit) as caught:
        importlib.import_module("slowly_imported")
    assert is_interruption(caught.value)


@pytest.mark.usefixtures("alarm")
def test_a_signal_handler_that_raises_while_the_watching_ends_leaves_no_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    before = patched()
    with pytest.raises(TimeLimit), reluctant.watch():  # noqa: PT012 - it is raised as the block is left
        train(1)
        raising_at(contextlib.ExitStack, "callback", 2, monkeypatch)
    assert patched() == before


def test_a_block_that_was_not_entered_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before, exam = patched(), reluctant.watch()
    monkeypatch.setattr(StackCapture, "start", lambda _: sys.exit(3))
    with pytest.raises(SystemExit), exam:
        pass
    assert patched() == before


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("call", range(1, 12))
def test_a_signal_handler_that_raises_between_patches_leaves_none(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = patched()
    made = AppliedPatch.__init__
    calls = itertools.count(1)

    def interrupted(*args: Any, **kwargs: Any) -> None:
        if next(calls) == call:
            signal.raise_signal(signal.SIGUSR1)
        made(*args, **kwargs)

    monkeypatch.setattr(AppliedPatch, "__init__", interrupted)
    observer = Observer(free_seconds=1e6)
    with contextlib.suppress(TimeLimit):
        watch_and_train(observer)
    observer.detach()
    assert patched() == before
    assert not torch.is_anomaly_enabled()


@pytest.mark.usefixtures("alarm")
def test_a_signal_handler_that_raises_as_gradients_are_switched_off_leaves_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    raising_at(torch.no_grad, "__enter__", 1, monkeypatch)
    with pytest.raises(TimeLimit), out_of_sight():
        pass
    assert torch.is_grad_enabled()


def test_an_error_of_ours_is_no_interruption() -> None:
    for error in (ValueError("ours"), RuntimeError("ours")):
        with pytest.raises(type(error)) as caught:
            _raise(error)
        assert not is_interruption(caught.value)


def _raise(error: Exception) -> None:
    raise error


class Unwritable:
    """Standard error as a script may have replaced it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, text: str) -> None:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("my log is closed"), SystemExit(3), OSError()])
def test_the_watching_ends_before_it_is_told_and_what_the_telling_raises_goes_no_further(error, monkeypatch) -> None:
    ended = []
    guard = Guard(lambda: ended.append(True))
    monkeypatch.setattr(sys, "stderr", Unwritable(error))
    guard(lambda: 1 / 0)()
    assert ended == [True]
    assert "ZeroDivisionError" in (guard.error or "")


def test_a_block_that_is_never_entered_says_so() -> None:
    (note,) = reluctant.watch().recording.not_observed
    assert (note.what, note.why) == ("the whole run", "the watching was never begun")
