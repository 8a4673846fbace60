"""An exception of the script's own that python raises in the middle of our code reaches the script, and is not blamed on anybody."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from reluctant.instrument.guard import Guard, is_interruption
from reluctant.observe import Observer


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
