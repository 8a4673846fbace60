"""Faults of trials in a study from the command line: each counts as what it is, takes nothing with it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reluctant.studies import UNTREATED, Study, load_study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what runs is read from /proc")

START = """
import os, resource, signal, subprocess, sys, time
import torch

def trained(steps=20):
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(16, 4)).square().mean().backward()
        optimizer.step()

def note(process):
    open("noted.part", "w").write(str(process))
    os.rename("noted.part", "noted")

def nap(seconds=100):
    return subprocess.Popen([sys.executable, "-S", "-c", f"import time; time.sleep({seconds})"], start_new_session=True)

torch.manual_seed(0)
number = torch.initial_seed()
"""

FAULTY = (
    START
    + """
trained(5)
if number == 1:
    raise ValueError("the loss is not a number")
if number == 2:
    nap()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(100)
if number == 3:
    os.kill(os.getpid(), signal.SIGKILL)
if number == 4:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, 1 << 34))
    bytearray(1 << 35)
if number == 5:
    for stream in (1, 2):
        for _ in range(1024):
            os.write(stream, b"x" * 1048576)
    os.write(2, b"the last words")
    sys.exit(1)
trained(5)
"""
)

HANGING = START + "trained(5)\nif number == 1:\n    note(nap().pid)\n    time.sleep(100)\n"

ENDINGS = {0: "ended", 1: "failed", 2: "timed out", 3: "killed", 4: "failed", 5: "failed", 6: "ended"}

MEGABYTE = 1024
"""In the unit of /proc."""


class Compare:
    """``reluctant compare`` as a process, all of whose descendants can be told by a variable of the environment."""

    def __init__(self, folder: Path, script: str, *options: str) -> None:
        (folder / "train.py").write_text(script)
        self._folder = folder
        self.mark = f"TEST_OF_FAULTS={folder}"
        line = [sys.executable, "-m", "reluctant", "compare", "--activation", "elu", "--study", "study.json", *options, "train.py"]
        name, _, value = self.mark.partition("=")
        self.process = subprocess.Popen(
            line,
            cwd=folder,
            env={**os.environ, name: value},
            start_new_session=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def told(self, within: float = 120.0) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=within)
        return self.process.returncode, out, err

    def alive(self) -> list[int]:
        """What runs of it."""
        return [process for process in _processes() if self.mark in _environment(process) and not _is_dead(process)]

    def all_gone(self) -> bool:
        return _soon(lambda: not self.alive())

    def noted(self) -> int:
        """The process that a trial noted."""
        assert _soon((self._folder / "noted").exists, 60.0)
        return int((self._folder / "noted").read_text())

    def forget_note(self) -> None:
        (self._folder / "noted").unlink()

    def study(self) -> Study:
        return load_study(self._folder / "study.json")


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _environment(process: int) -> str:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _is_dead(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _most_memory(process: int) -> int:
    """The most that a process has had in memory, in kilobytes; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _soon(happened, within: float = 20.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if happened():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Callable[..., Compare]]:
    started: list[Compare] = []

    def start(script: str, *options: str) -> Compare:
        started.append(Compare(tmp_path, script, *options))
        return started[-1]

    yield start
    for comparing in started:
        for process in comparing.alive():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        comparing.process.communicate()


@pytest.mark.slow
def test_each_fault_counts_as_what_it_is_and_takes_nothing_else_with_it(compare):
    comparing = compare(FAULTY, "--seeds", "7", "--trial-timeout", "30s", "-j", "2")
    most = 0
    while comparing.process.poll() is None:
        most = max(most, _most_memory(comparing.process.pid))
        time.sleep(0.05)
    code, _, err = comparing.told()
    assert code == 0, err
    study = comparing.study()
    for arm in (UNTREATED, "elu"):
        results = study.of(arm)
        assert {number: result.ending for number, result in results.items()} == ENDINGS
        assert {number for number, result in results.items() if not result.counts} == {2, 3}
        assert results[1].last_words.endswith("ValueError: the loss is not a number")
        assert results[4].last_words.endswith("MemoryError")
        assert results[5].last_words.endswith("xthe last words")
        assert len(results[5].last_words) <= 4000
        assert [results[number].losses.losses for number in (0, 6)] != [(), ()]
    assert 0 < most < 300 * MEGABYTE
    assert comparing.all_gone()


def test_a_trial_that_is_killed_from_outside_counts_as_killed(compare):
    comparing = compare(HANGING, "--seeds", "2", "-j", "1")
    for _ in range(2):  # in both arms
        child = comparing.noted()
        os.kill(_parent(child), signal.SIGKILL)
        assert _soon(lambda child=child: _is_dead(child))
        comparing.forget_note()
    code, _, err = comparing.told()
    assert code == 0, err
    study = comparing.study()
    assert [study.of(arm)[1].ending for arm in (UNTREATED, "elu")] == ["killed", "killed"]
    assert [study.of(arm)[0].counts for arm in (UNTREATED, "elu")] == [True, True]
    assert comparing.all_gone()


@pytest.mark.slow
def test_an_interruption_stops_everything_and_leaves_a_study_to_go_on_with(compare):
    comparing = compare(HANGING, "--seeds", "2", "-j", "1")
    comparing.noted()
    assert len(comparing.alive()) > 3
    os.killpg(comparing.process.pid, signal.SIGINT)  # as a terminal does
    code, _, err = comparing.told(within=20)
    assert code != 0
    assert "Traceback" not in err
    assert "--resume" in err
    assert comparing.all_gone()
    kept = comparing.study().results
    assert [result.trial.seed for result in kept] == [0, 0]
    again = compare(HANGING.replace("number == 1", "False"), "--seeds", "2", "-j", "1", "--resume")
    code, _, err = again.told()
    assert code == 0, err
    assert again.study().results[:2] == kept
    assert len(again.study().results) == 4


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_study_that_is_killed_leaves_no_orphans(compare, ending):
    comparing = compare(HANGING, "--seeds", "2", "-j", "2")
    comparing.noted()
    os.kill(comparing.process.pid, ending)
    comparing.process.wait(20)
    assert comparing.all_gone()
